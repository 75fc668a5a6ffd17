"""The names of containers and codecs, as sentences for people call them."""

from collections.abc import Mapping, Sequence
from typing import Final

ACCEPTED_NAMES: Final = (
    "MP4", "M4V", "MOV", "3GP", "MKV", "WebM", "AVI", "MPEG-TS (TS, MTS, M2TS)", "MPEG (MPG, VOB)", "WMV", "FLV", "OGV",
)  # fmt: skip
"""What may be sent: the one list for all sentences, in both languages."""

_CODEC: Final[Mapping[str, str]] = {
    # libavcodec's name of a codec, and what its makers call it; a name that is not here is told in capitals.
    "aic": "Apple Intermediate Codec",
    "cavs": "Chinese AVS",
    "cfhd": "CineForm",
    "cinepak": "Cinepak",
    "cscd": "CamStudio",
    "dirac": "Dirac",
    "dnxhd": "DNxHD",
    "dvvideo": "DV",
    "dxv": "Resolume DXV",
    "ffvhuff": "FFVHuff",
    "flashsv": "Flash Screen Video",
    "flashsv2": "Flash Screen Video 2",
    "flv1": "Sorenson Spark",
    "fraps": "Fraps",
    "g2m": "GoToMeeting",
    "h263": "H.263",
    "h264": "H.264",
    "hap": "Hap",
    "hevc": "HEVC (H.265)",
    "huffyuv": "HuffYUV",
    "indeo3": "Intel Indeo 3",
    "indeo4": "Intel Indeo 4",
    "indeo5": "Intel Indeo 5",
    "jpeg2000": "JPEG 2000",
    "lagarith": "Lagarith",
    "magicyuv": "MagicYUV",
    "mjpeg": "Motion JPEG",
    "mjpegb": "Motion JPEG B",
    "mpeg1video": "MPEG-1",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4",
    "msmpeg4v1": "Microsoft MPEG-4 version 1",
    "msmpeg4v2": "Microsoft MPEG-4 version 2",
    "msmpeg4v3": "Microsoft MPEG-4 version 3",
    "msrle": "Microsoft RLE",
    "mss1": "Windows Media Screen",
    "mss2": "Windows Media Video 9 Screen",
    "msvideo1": "Microsoft Video 1",
    "prores": "ProRes",
    "prores_raw": "ProRes RAW",
    "qtrle": "QuickTime Animation",
    "r10k": "AJA 10-bit RGB",
    "r210": "10-bit RGB",
    "rawvideo": "uncompressed video",
    "rpza": "Apple Video",
    "rv10": "RealVideo 1",
    "rv20": "RealVideo 2",
    "rv30": "RealVideo 3",
    "rv40": "RealVideo 4",
    "smc": "QuickTime Graphics",
    "speedhq": "SpeedHQ",
    "svq1": "Sorenson Video",
    "svq3": "Sorenson Video 3",
    "theora": "Theora",
    "tscc": "TechSmith Screen Capture",
    "tscc2": "TechSmith Screen Codec 2",
    "utvideo": "Ut Video",
    "v210": "10-bit 4:2:2",
    "vc1": "VC-1",
    "vp6a": "VP6",
    "vp6f": "VP6",
    "vvc": "VVC (H.266)",
    "wmv1": "Windows Media Video 7",
    "wmv2": "Windows Media Video 8",
    "wmv3": "Windows Media Video 9",
    "zmbv": "DOSBox (ZMBV)",
}


def codec_name(codec: str) -> str:
    """Return what people call a codec that libavcodec names so."""
    return _CODEC.get(codec, codec.upper())


def listed(names: Sequence[str], last: str) -> str:
    """Return names as a sentence lists them, with ``last``, such as "or", before the last one."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


ACCEPTED: Final = listed(ACCEPTED_NAMES, "or")


def unsupported_codec_reason(codec: str) -> str:
    """Return the sentence for a film in a codec that is not decoded; "none" is one that nobody knows."""
    others = "H.264, HEVC, AV1, VP9, MPEG-4, ProRes and others can."
    if codec in {"", "none", "unknown"}:
        return f"This video is encoded in a way that is not known here; {others}"
    return f"This video is encoded in {codec_name(codec)}, which cannot be decoded here; {others}"


def unsupported_container_reason() -> str:
    """Return the sentence for a file in a container that is not read."""
    return f"This file is no video in a format that is read here; send {ACCEPTED}."
