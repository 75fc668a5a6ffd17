"""The names of containers and codecs, as sentences for people call them."""

from collections.abc import Mapping, Sequence
from typing import Final

ACCEPTED_NAMES: Final = (
    "MP4", "M4V", "MOV", "3GP", "MKV", "WebM", "AVI", "MPEG-TS (TS, MTS, M2TS)", "MPEG (MPG, VOB)", "WMV", "FLV", "OGV",
)  # fmt: skip
"""What may be sent: the one list for all sentences, in both languages."""

_CODEC: Final[Mapping[str, str]] = {
    # libavcodec's name of a codec that is not decoded, and what its makers call it; any other is told in capitals.
    "aic": "Apple Intermediate Codec",
    "cavs": "Chinese AVS",
    "cscd": "CamStudio",
    "dirac": "Dirac",
    "fraps": "Fraps",
    "g2m": "GoToMeeting",
    "indeo3": "Intel Indeo 3",
    "indeo4": "Intel Indeo 4",
    "indeo5": "Intel Indeo 5",
    "lagarith": "Lagarith",
    "mjpegb": "Motion JPEG B",
    "mss1": "Windows Media Screen",
    "mss2": "Windows Media Video 9 Screen",
    "prores_raw": "ProRes RAW",
    "rv10": "RealVideo 1",
    "rv20": "RealVideo 2",
    "rv30": "RealVideo 3",
    "rv40": "RealVideo 4",
    "tscc": "TechSmith Screen Capture",
    "tscc2": "TechSmith Screen Codec 2",
    "vp6a": "VP6",
    "vp6f": "VP6",
}


def listed(names: Sequence[str], last: str) -> str:
    """Return names as a sentence lists them, with ``last``, such as "or", before the last one."""
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


ACCEPTED: Final = listed(ACCEPTED_NAMES, "or")

UNKNOWN_CODECS: Final = frozenset({"", "none", "unknown"})
"""What a codec is called that nobody knows, or of which the file does not tell."""


def unsupported_codec_reason(codec: str) -> str:
    """Return the sentence for a film in a codec that is not decoded."""
    others = "H.264, HEVC, AV1, VP9, MPEG-4, ProRes and others can."
    if codec in UNKNOWN_CODECS:
        return f"This video is encoded in a way that is not known here; {others}"
    return f"This video is encoded in {_CODEC.get(codec, codec.upper())}, which cannot be decoded here; {others}"


def unsupported_container_reason() -> str:
    """Return the sentence for a file in a container that is not read."""
    return f"This file is no video in a format that is read here; send {ACCEPTED}."
