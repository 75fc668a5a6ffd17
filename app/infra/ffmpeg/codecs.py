"""Which containers are read and which codecs decoded: what cameras, phones, screens and editors write.

Each more would be an open door: ``python -m tests.fuzz.decoders`` is asked before one is let in.
"""

from collections.abc import Mapping
from typing import Final

_OTHERWISE_NAMED: Final[Mapping[str, str]] = {"av1": "libdav1d", "flv1": "flv", "msmpeg4v3": "msmpeg4"}
_CODECS: Final = (
    "av1", "cfhd", "cinepak", "dnxhd", "dvvideo", "ffv1", "ffvhuff", "flv1", "h263", "h264", "hevc", "huffyuv",
    "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "msvideo1", "prores",
    "qtrle", "rawvideo", "svq1", "svq3", "theora", "utvideo", "vc1", "vp8", "vp9", "wmv1", "wmv2", "wmv3",
    "apv",  # Samsung's phones, for editing.
    "dxv",  # Resolume, and editors that make films for it.
    "flashsv",  # Recorders of screens into FLV.
    "flashsv2",  # The same.
    "hap",  # Editors that make films for stages; transparent ones too.
    "jpeg2000",  # Cinema cameras and archives.
    "magicyuv",  # Recorders of games and editors, where nothing may be lost.
    "msrle",  # Recorders of screens on older Windows.
    "png",  # Editors: animations in MOV, with transparency.
    "r10k",  # Recorders on AJA's cards.
    "r210",  # Recorders on Blackmagic's cards.
    "rpza",  # QuickTime's first films.
    "smc",  # QuickTime's first recordings of screens.
    "speedhq",  # NewTek's video mixers.
    "v210",  # Recorders and editors: 10 bits, uncompressed.
    "vvc",  # What newer televisions and encoders write.
    "zmbv",  # DOSBox's recorder.
)  # fmt: skip
DECODER: Final[Mapping[str, str]] = {codec: _OTHERWISE_NAMED.get(codec, codec) for codec in _CODECS}
"""From the codec as ffmpeg reports it to the decoder's own name, which ``-codec_whitelist`` takes.

Without ProRes RAW, VP6, Fraps, Lagarith, Apple's Intermediate Codec, TechSmith's and RealVideo: the binary has their
decoders, but nothing here can make a film of theirs to damage.
"""

ALPHA_DECODER: Final[Mapping[str, str]] = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Further decoders, for films whose transparency the usual ones do not see: it is a second film within each packet."""

DEMUXERS: Final = ("mov", "matroska", "avi", "mpegts", "mpeg", "asf", "flv", "ogg")
"""Which containers are read, for ``-format_whitelist``: any one of the names that libavformat gives a demuxer."""
