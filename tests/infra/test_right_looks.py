"""How pictures look at the end of the whole way: colours, light, shape and transparency of films as people have them.

Docs: FRAMES, "How it looks". Each detail for itself is told in test_look.py.
"""

import math
from pathlib import Path
from typing import Final

import pytest

from app.domain.options import ExtractionOptions, ImageFormat
from tests.extracting import at, take
from tests.films import QUIET, VP8, VP9, X264, X265, Films, decoded

pytestmark = pytest.mark.slow

JPEG, PNG, WEBP = ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.WEBP
Pixel = tuple[int, ...]


async def seen(film: Path, image_format: ImageFormat, bars: int, *, alpha: bool = False) -> list[Pixel]:
    """Take the first picture, and give the colour in the middle of each of so many upright bars of the same width."""
    taken = await take(film, ExtractionOptions(at(0), image_format))
    (frame,) = taken.frames
    pixel, depth = ("rgba", 4) if alpha else ("rgb24", 3)
    exact = "scale=flags=bicubic+accurate_rnd+full_chroma_int"
    rows = decoded([frame.data], image_format, f"crop=iw:2:0:ih/2,{exact},format={pixel}")
    middles = ((2 * bar + 1) * frame.width // (2 * bars) for bar in range(bars))
    return [tuple(rows[depth * x : depth * (x + 1)]) for x in middles]


def far(a: Pixel, b: Pixel) -> int:
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


# ---------------------------------------------------------------- colours

COLOURS: Final[list[Pixel]] = [
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255),
    (255, 0, 255), (255, 255, 255), (0, 0, 0), (221, 56, 46), (128, 128, 128),
]  # fmt: skip


def bars_of(colours: list[Pixel], width: int, height: int, folder: Path, depth: int = 1) -> Path:
    """Write a picture of upright bars as raw pixels, each value ``depth`` bytes."""
    row = b"".join(b"".join(v.to_bytes(depth, "little") for v in c) * (width // len(colours)) for c in colours)
    path = folder / f"bars_{width}x{height}_{len(colours)}_{depth}.raw"
    path.write_bytes(row * height)
    return path


def tagged(matrix: str, full: str) -> tuple[str, ...]:
    """Convert into this matrix and range, and say so in the film."""
    known = {"bt709": ("bt709", "bt709"), "smpte170m": ("smpte170m", "smpte170m")}[matrix]
    return (
        "-vf", f"scale=out_color_matrix={matrix}:out_range={full},format=yuv420p", "-colorspace", matrix,
        "-color_primaries", known[0], "-color_trc", known[1], "-color_range", full,
    )  # fmt: skip


QP4: Final = ("-c:v", "libx264", "-qp", "4", "-preset", "veryfast")


@pytest.mark.parametrize(
    ("name", "size", "encoding"),
    [
        ("hd_709.mp4", (1280, 720), (*tagged("bt709", "tv"), *QP4)),
        ("hd_709.mkv", (1280, 720), (*tagged("bt709", "tv"), *X265, f"{QUIET}:qp=6:range=limited:colormatrix=bt709")),
        ("hd_709_full.mov", (1280, 720), (*tagged("bt709", "pc"), *QP4)),
        ("hd_untagged.ts", (1280, 720), ("-vf", "scale=out_color_matrix=bt709,format=yuv420p", *QP4)),
        ("sd_601.mp4", (640, 360), (*tagged("smpte170m", "tv"), *QP4)),
        ("sd_untagged.avi", (640, 360), ("-vf", "scale=out_color_matrix=bt601", "-c:v", "mpeg4", "-q:v", "1")),
        ("hd_mjpeg.avi", (1280, 720), ("-c:v", "mjpeg", "-q:v", "1", "-pix_fmt", "yuvj420p")),
    ],
)  # fmt: skip
async def test_colours_are_those_of_the_film_in_every_format(
    films: Films, tmp_path: Path, name: str, size: tuple[int, int], encoding: tuple[str, ...]
):
    raw = bars_of(COLOURS, *size, tmp_path)
    film = films.made(
        name, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", "25",
        "-stream_loop", "4", "-i", raw, *encoding,
    )  # fmt: skip
    for image_format in ImageFormat:
        found = await seen(film, image_format, len(COLOURS))
        assert max(map(far, found, COLOURS)) <= 8, (image_format, found)


# ---------------------------------------------------------------- HDR


def pq(light: float) -> float:
    """SMPTE ST 2084, from cd/m2 to signal."""
    y = (light / 10_000) ** (2610 / 16_384)
    return float(((3424 / 4096 + 2413 / 128 * y) / (1 + 2392 / 128 * y)) ** (2523 / 32))


def hlg(light: float) -> float:
    """ITU-R BT.2100, from cd/m2 on a display of 1000 cd/m2 to signal, for grey; reference white is 203 cd/m2."""
    scene = (light / 1000) ** (1 / 1.2)
    if scene <= 1 / 12:
        return float((3 * scene) ** 0.5)
    return 0.17883277 * math.log(12 * scene - 0.28466892) + 0.55991073


SDR: Final[list[Pixel]] = [(255, 255, 255), (128, 128, 128), (255, 0, 0), (0, 255, 0), (0, 0, 255)]
TO_BT2020: Final = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))  # ITU-R BT.2087.


def in_bt2020(colour: Pixel) -> list[float]:
    """Linear light from 0 to 1."""
    light = [(value / 255) ** 2.4 for value in colour]
    return [max(0.0, sum(a * b for a, b in zip(row, light, strict=True))) for row in TO_BT2020]


@pytest.mark.parametrize(("name", "transfer"), [("hdr10.mp4", "smpte2084"), ("hdr10.mkv", "smpte2084")])
async def test_hdr_is_shown_with_reference_white_at_white(films: Films, tmp_path: Path, name: str, transfer: str):
    signal: list[Pixel] = [tuple(round(pq(203 * v) * 65_535) for v in in_bt2020(c)) for c in SDR]
    raw = bars_of(signal, 640, 360, tmp_path, depth=2)
    film = films.made(
        name, "-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "640x360", "-r", "25", "-stream_loop", "4", "-i", raw,
        "-vf", "scale=out_color_matrix=bt2020nc:out_range=tv,format=yuv420p10le", "-c:v", "libx265", "-x265-params",
        f"{QUIET}:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:range=limited",
        "-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc", "-color_range", "tv",
    )  # fmt: skip
    for image_format in (JPEG, PNG, WEBP):
        white, grey, *colours = await seen(film, image_format, len(SDR))
        assert far(white, SDR[0]) <= 20
        assert far(grey, SDR[1]) <= 20
        assert max(map(far, colours, SDR[2:])) <= 60, colours


async def test_grey_of_hlg_is_shown_with_reference_white_at_white(films: Films, tmp_path: Path):
    levels = [255, 128, 0]
    signal: list[Pixel] = [(round(hlg(203 * (level / 255) ** 2.4) * 65_535),) * 3 for level in levels]
    raw = bars_of(signal, 384, 216, tmp_path, depth=2)
    film = films.made(
        "hlg.mov", "-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "384x216", "-r", "25", "-stream_loop", "4", "-i", raw,
        "-vf", "scale=out_color_matrix=bt2020nc:out_range=tv,format=yuv422p10le,"
        "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc:range=tv", "-c:v", "prores_ks",
    )  # fmt: skip
    for level, pixel in zip(levels, await seen(film, PNG, 3), strict=True):
        assert far(pixel, (level,) * 3) <= 20


# ---------------------------------------------------------------- shape

DVD: Final = "testsrc2=s=720x576:r=25:d=0.4,setsar=64/45"


@pytest.mark.parametrize(
    ("name", "source", "encoding", "shown", "limited"),
    [
        ("dvd.mp4", DVD, X264, (1024, 576), (720, 405)),
        ("dvd.mpg", DVD, ("-c:v", "mpeg2video"), (1024, 576), (720, 405)),
        ("dvd.ts", DVD, ("-c:v", "mpeg2video"), (1024, 576), (720, 405)),
        ("dvd.mkv", DVD, ("-c:v", "ffv1"), (1024, 576), (720, 405)),
        ("dvd.webm", DVD, VP8, (1024, 576), (720, 405)),
        ("camcorder.avi", DVD, ("-c:v", "dvvideo", "-aspect", "16:9"), (1024, 576), (720, 405)),
        ("camcorder.mov", DVD, ("-c:v", "dvvideo", "-aspect", "16:9"), (1024, 576), (720, 405)),
        ("hdv.mts", "testsrc2=s=1440x1080:r=25:d=0.2,setsar=4/3", X264, (1920, 1080), (720, 405)),
        ("tall.mp4", "testsrc2=s=320x180:r=25:d=0.4,setsar=1/2", X264, (160, 180), (160, 180)),
    ],
)
async def test_pictures_of_unsquare_pixels_are_not_squashed(
    films: Films, name: str, source: str, encoding: tuple[str, ...], shown: tuple[int, int], limited: tuple[int, int]
):
    film = films.made(name, "-f", "lavfi", "-i", source, *encoding)
    taken = await take(film, ExtractionOptions(at(0), PNG))
    assert [(f.width, f.height) for f in taken.frames] == [shown]
    assert (taken.media.width, taken.media.height) == shown
    small = await take(film, ExtractionOptions(at(0), max_width=720, max_height=576))
    assert [(f.width, f.height) for f in small.frames] == [limited]


# ---------------------------------------------------------------- transparency

RED, CLEAR = (255, 0, 0, 255), (0, 255, 0, 0)  # Under the clear half lies a green that nobody may see.


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("clear_vp9.webm", (*VP9, "-pix_fmt", "yuva420p")),
        ("clear_vp8.webm", (*VP8, "-pix_fmt", "yuva420p", "-auto-alt-ref", "0")),
        ("clear_vp9.mkv", (*VP9, "-pix_fmt", "yuva420p")),
        ("clear_prores.mov", ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le")),
        ("clear_qtrle.mov", ("-c:v", "qtrle", "-pix_fmt", "argb")),
        ("clear_ffv1.mkv", ("-c:v", "ffv1", "-pix_fmt", "bgra")),
        ("clear_utvideo.avi", ("-c:v", "utvideo", "-pix_fmt", "gbrap")),
    ],
)
async def test_what_is_transparent_stays_so_and_lies_on_white_in_jpeg(
    films: Films, tmp_path: Path, name: str, encoding: tuple[str, ...]
):
    raw = bars_of([RED, CLEAR], 320, 180, tmp_path)
    film = films.made(
        name,
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgba",
        "-s",
        "320x180",
        "-r",
        "25",
        "-stream_loop",
        "9",
        "-i",
        raw,
        *encoding,
    )
    for image_format in (PNG, WEBP):
        left, right = await seen(film, image_format, 2, alpha=True)
        assert far(left, RED) <= 8, (image_format, left)
        assert right[3] <= 2, (image_format, right)
    left, right = await seen(film, JPEG, 2)
    assert far(left, RED[:3]) <= 8
    assert far(right, (255, 255, 255)) <= 4
