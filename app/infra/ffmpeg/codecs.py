"""Which containers are read and which codecs decoded: what cameras, phones, screens and editors write.

Each more would be an open door: ``python -m tests.fuzz.decoders`` is asked before one is let in.
"""

from collections.abc import Mapping
from typing import Final

DECODER: Final[Mapping[str, str]] = {
    # The codec as ffmpeg reports it, and the decoder's own name, which -codec_whitelist takes.
    "apv": "apv",  # Samsung's phones, for editing.
    "av1": "libdav1d",
    "cfhd": "cfhd",
    "cinepak": "cinepak",
    "dnxhd": "dnxhd",
    "dvvideo": "dvvideo",
    "dxv": "dxv",  # Resolume, and editors that make films for it.
    "ffv1": "ffv1",
    "ffvhuff": "ffvhuff",
    "flashsv": "flashsv",  # Recorders of screens into FLV.
    "flashsv2": "flashsv2",  # The same.
    "flv1": "flv",
    "h263": "h263",
    "h264": "h264",
    "hap": "hap",  # Editors that make films for stages; transparent ones too.
    "hevc": "hevc",
    "huffyuv": "huffyuv",
    "jpeg2000": "jpeg2000",  # Cinema cameras and archives.
    "magicyuv": "magicyuv",  # Recorders of games and editors, where nothing may be lost.
    "mjpeg": "mjpeg",
    "mpeg1video": "mpeg1video",
    "mpeg2video": "mpeg2video",
    "mpeg4": "mpeg4",
    "msmpeg4v1": "msmpeg4v1",
    "msmpeg4v2": "msmpeg4v2",
    "msmpeg4v3": "msmpeg4",
    "msrle": "msrle",  # Recorders of screens on older Windows.
    "msvideo1": "msvideo1",
    "png": "png",  # Editors: animations in MOV, with transparency.
    "prores": "prores",
    "qtrle": "qtrle",
    "r10k": "r10k",  # Recorders on AJA's cards.
    "r210": "r210",  # Recorders on Blackmagic's cards.
    "rawvideo": "rawvideo",
    "rpza": "rpza",  # QuickTime's first films.
    "smc": "smc",  # QuickTime's first recordings of screens.
    "speedhq": "speedhq",  # NewTek's video mixers.
    "svq1": "svq1",
    "svq3": "svq3",
    "theora": "theora",
    "utvideo": "utvideo",
    "v210": "v210",  # Recorders and editors: 10 bits, uncompressed.
    "vc1": "vc1",
    "vp8": "vp8",
    "vp9": "vp9",
    "vvc": "vvc",  # What newer televisions and encoders write.
    "wmv1": "wmv1",
    "wmv2": "wmv2",
    "wmv3": "wmv3",
    "zmbv": "zmbv",  # DOSBox's recorder.
}
"""Without ProRes RAW, VP6, Fraps, Lagarith, Apple's Intermediate Codec, TechSmith's and RealVideo: the binary has their
decoders, but nothing here can make a film of theirs to damage.
"""

ALPHA_DECODER: Final[Mapping[str, str]] = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Further decoders, for films whose transparency the usual ones do not see: it is a second film within each packet."""

DEMUXERS: Final = ("mov", "matroska", "avi", "mpegts", "mpeg", "asf", "flv", "ogg")
"""Which containers are read, for ``-format_whitelist``: any one of the names that libavformat gives a demuxer."""
