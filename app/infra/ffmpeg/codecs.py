"""Which containers are read and which codecs decoded: what cameras, phones, screens and editors write.

Each more would be an open door: ``python -m tests.fuzz.decoders`` is asked before one is let in.
"""

from collections.abc import Mapping
from typing import Final

DECODER: Final[Mapping[str, str]] = {
    # The codec as ffmpeg reports it, and the decoder's own name, which -codec_whitelist takes.
    "av1": "libdav1d",
    "cfhd": "cfhd",
    "cinepak": "cinepak",
    "dnxhd": "dnxhd",
    "dvvideo": "dvvideo",
    "ffv1": "ffv1",
    "ffvhuff": "ffvhuff",
    "flv1": "flv",
    "h263": "h263",
    "h264": "h264",
    "hevc": "hevc",
    "huffyuv": "huffyuv",
    "mjpeg": "mjpeg",
    "mpeg1video": "mpeg1video",
    "mpeg2video": "mpeg2video",
    "mpeg4": "mpeg4",
    "msmpeg4v1": "msmpeg4v1",
    "msmpeg4v2": "msmpeg4v2",
    "msmpeg4v3": "msmpeg4",
    "msvideo1": "msvideo1",
    "prores": "prores",
    "qtrle": "qtrle",
    "rawvideo": "rawvideo",
    "svq1": "svq1",
    "svq3": "svq3",
    "theora": "theora",
    "utvideo": "utvideo",
    "vc1": "vc1",
    "vp8": "vp8",
    "vp9": "vp9",
    "wmv1": "wmv1",
    "wmv2": "wmv2",
    "wmv3": "wmv3",
}

ALPHA_DECODER: Final[Mapping[str, str]] = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Further decoders, for films whose transparency the usual ones do not see: it is a second film within each packet."""

DEMUXERS: Final = ("mov", "matroska", "avi", "mpegts", "mpeg", "asf", "flv", "ogg")
"""Which containers are read, for ``-format_whitelist``: any one of the names that libavformat gives a demuxer."""
