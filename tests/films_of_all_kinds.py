"""Many tiny films whose pictures say their numbers: many codecs, containers, groups of pictures and clocks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.films import QUIET, X265, Films

REGULAR: Final = ("-sc_threshold", "1000000000")
"""No key picture but at its regular place."""


@dataclass(frozen=True)
class Kind:
    """How a film is made: ``times`` is an expression for those of its pictures where they are not regular.

    ``whole`` says that nothing can be left out of its decoding, whatever is chosen, and ``forgotten`` how many of the
    last pictures its encoder does not give.
    """

    name: str
    encoding: tuple[str, ...]
    count: int = 75
    rate: int | str = 25
    size: tuple[int, int] = (128, 96)
    times: str | None = None
    whole: bool = False
    forgotten: int = 0

    def __str__(self) -> str:
        return self.name

    def film(self, films: Films) -> Path:
        name = f"kind_{self.name}"
        if self.times is not None:
            return films.at(name, self.count, self.times, *self.encoding)
        return films.numbered(name, self.count, self.rate, *self.encoding, size=self.size)


def _x264(more: str = "", *others: str) -> tuple[str, ...]:
    parameters = f"scenecut=0:{more}".rstrip(":")
    return ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-x264-params", parameters, *others)


def _x265(more: str = "", *others: str) -> tuple[str, ...]:
    return (*X265, f"{QUIET}:scenecut=0:{more}".rstrip(":"), *others)


def _mpeg(codec: str, *others: str) -> tuple[str, ...]:
    return ("-c:v", codec, "-q:v", "4", *others)


VP9: Final = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k")
AHEAD: Final = ("-lag-in-frames", "16", "-b:v", "500k", "-g", "30")  # So it makes pictures that are never shown.
FRAGMENTED: Final = ("-movflags", "+frag_keyframe+empty_moov")
VARIABLE: Final = "N/25+if(gt(N,20),2,0)+0.4*floor(N/10)"
WAVERING: Final = "N/25+0.004*mod(N*7,11)/11"
GROUPS: Final = "keyint=12:min-keyint=12"
PYRAMID: Final = f"{GROUPS}:bframes=7:b-adapt=0:b-pyramid=normal"
NTSC: Final = "30000/1001"

KINDS: Final = (
    # H.264: each shape of its groups, in each of its containers.
    Kind("h264_phone.mp4", _x264("keyint=25:bframes=0")),
    Kind("h264_closed_b.mp4", _x264(f"{GROUPS}:bframes=3:b-adapt=0:open-gop=0")),
    Kind("h264_open.mp4", _x264(f"{GROUPS}:bframes=3:b-adapt=0:open-gop=1")),
    Kind("h264_open.mkv", _x264(f"{GROUPS}:bframes=3:b-adapt=0:open-gop=1")),
    Kind("h264_open.ts", _x264(f"{GROUPS}:bframes=3:b-adapt=0:open-gop=1")),
    Kind("h264_pyramid.mov", _x264(PYRAMID)),
    Kind("h264_pyramid_open.mkv", _x264(f"{PYRAMID}:open-gop=1")),
    Kind("h264_no_pyramid.flv", _x264(f"{GROUPS}:bframes=2:b-adapt=0:b-pyramid=none")),
    Kind("h264_refs.mp4", _x264("keyint=30:ref=8:bframes=3")),
    Kind("h264_intra_refresh.mp4", _x264("keyint=25:intra-refresh=1")),
    Kind("h264_fields.mp4", _x264(f"{GROUPS}:tff=1:bframes=2", "-flags", "+ildct+ilme")),
    Kind("h264_fields_open.ts", _x264(f"{GROUPS}:bff=1:bframes=2:open-gop=1", "-flags", "+ildct+ilme")),
    Kind("h264_all_key.mp4", _x264("keyint=1")),
    Kind("h264_one_key.mp4", _x264("keyint=999:bframes=3")),
    Kind("h264_fragmented.mp4", _x264(f"{GROUPS}:bframes=2", *FRAGMENTED)),
    Kind("h264_no_edits.mp4", _x264(f"{GROUPS}:bframes=3", "-use_editlist", "0")),
    Kind("h264_variable.mp4", _x264(f"{GROUPS}:bframes=2"), times=VARIABLE),
    Kind("h264_variable.mkv", _x264(f"{GROUPS}:bframes=2"), times=VARIABLE),
    Kind("h264_variable.ts", _x264(f"{GROUPS}:bframes=2"), times=VARIABLE),
    Kind("h264_wavering.mp4", _x264("keyint=30:bframes=0"), times=WAVERING),
    Kind("h264.3gp", _x264(f"{GROUPS}:bframes=0")),
    Kind("h264.avi", _x264(f"{GROUPS}:bframes=2"), whole=True),
    Kind("h264_no_b.avi", _x264(f"{GROUPS}:bframes=0")),
    # HEVC and VVC.
    Kind("hevc_closed.mp4", _x265(f"{GROUPS}:bframes=3:open-gop=0", "-tag:v", "hvc1")),
    Kind("hevc_open.mp4", _x265(f"{GROUPS}:bframes=3:open-gop=1")),
    Kind("hevc_open.ts", _x265(f"{GROUPS}:bframes=3:open-gop=1")),
    Kind("hevc_pyramid.mkv", _x265(f"{GROUPS}:bframes=7:b-adapt=0:rc-lookahead=12")),
    Kind("hevc_layers.mp4", _x265(f"{GROUPS}:bframes=3:temporal-layers=2")),
    Kind("hevc_variable.mkv", _x265(f"{GROUPS}:bframes=3"), times=VARIABLE),
    Kind("vvc.mp4", ("-c:v", "libvvenc", "-preset", "faster", "-period", "1", "-pix_fmt", "yuv420p10le"), count=50),
    # What browsers, phones and streams have.
    Kind("vp8.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-b:v", "500k", "-g", "20")),
    Kind("vp8_alternate.webm", ("-c:v", "libvpx", "-cpu-used", "5", *AHEAD)),
    Kind("vp9.webm", (*VP9, "-g", "20")),
    Kind("vp9_alternate.webm", ("-c:v", "libvpx-vp9", "-cpu-used", "5", *AHEAD)),
    Kind("vp9_variable.webm", (*VP9, "-g", "20"), times=VARIABLE),
    Kind("av1.mp4", ("-c:v", "libsvtav1", "-preset", "12", "-g", "20", "-crf", "30")),
    Kind("av1_open.webm", ("-c:v", "libaom-av1", "-cpu-used", "8", "-g", "20", "-b:v", "300k"), count=40),
    # MPEG.
    Kind("mpeg1.mpg", _mpeg("mpeg1video", "-bf", "2", "-g", "12")),
    Kind("mpeg2.mpg", _mpeg("mpeg2video", "-bf", "2", "-g", "12")),
    Kind("mpeg2.vob", _mpeg("mpeg2video", "-bf", "2", "-g", "15")),
    Kind("mpeg2_closed.ts", _mpeg("mpeg2video", "-bf", "2", "-g", "12", "-flags", "+cgop", *REGULAR)),
    Kind("mpeg2_fields.ts", _mpeg("mpeg2video", "-bf", "2", "-g", "12", "-flags", "+ildct+ilme")),
    Kind("mpeg2.mkv", _mpeg("mpeg2video", "-bf", "2", "-g", "12")),
    Kind("mpeg2_long.mov", _mpeg("mpeg2video", "-bf", "2", "-g", "60", *REGULAR)),
    Kind("mpeg4.mp4", _mpeg("mpeg4", "-g", "12")),
    Kind("mpeg4_b.mkv", _mpeg("mpeg4", "-bf", "2", "-g", "12")),
    Kind("mpeg4_b.avi", _mpeg("mpeg4", "-bf", "2", "-g", "12"), whole=True),
    Kind("xvid.avi", _mpeg("libxvid", "-bf", "2", "-g", "25"), whole=True, forgotten=1),
    # Older ones.
    Kind("h263.3gp", _mpeg("h263", "-g", "12"), rate=NTSC),
    Kind("flv1.flv", _mpeg("flv", "-g", "12")),
    Kind("theora.ogv", ("-c:v", "libtheora", "-q:v", "7", "-g", "16")),
    Kind("wmv2.wmv", _mpeg("wmv2", "-g", "12")),
    Kind("msmpeg4.avi", _mpeg("msmpeg4", "-g", "12")),
    Kind("cinepak.avi", ("-c:v", "cinepak", "-g", "12"), count=40),
    Kind("svq1.mov", ("-c:v", "svq1", "-g", "12", "-q:v", "3")),
    Kind("qtrle.mov", ("-c:v", "qtrle", "-g", "12")),
    # Those in which every picture stands alone.
    Kind("mjpeg.avi", _mpeg("mjpeg")),
    Kind("mjpeg_variable.mov", _mpeg("mjpeg"), times=VARIABLE),
    Kind("prores.mov", ("-c:v", "prores_ks"), count=40),
    Kind("dnxhd.mov", ("-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p"), count=25, size=(256, 128)),
    Kind("dv.avi", ("-c:v", "dvvideo", "-pix_fmt", "yuv420p"), count=30, size=(720, 576)),
    Kind("cineform.mov", ("-c:v", "cfhd"), count=40),
    Kind("cineform.avi", ("-c:v", "cfhd"), count=40),
    Kind("ffv1.mkv", ("-c:v", "ffv1", "-g", "1")),
    Kind("ffv1_long.mkv", ("-c:v", "ffv1", "-level", "3", "-g", "12", "-context", "1")),
    Kind("utvideo.avi", ("-c:v", "utvideo")),
    Kind("raw.avi", ("-c:v", "rawvideo", "-pix_fmt", "yuv420p")),
)  # fmt: skip
