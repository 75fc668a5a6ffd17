"""The right colours are those that a film was made of."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.film import Look, Stream
from app.domain.options import ExtractionOptions, ImageFormat
from app.infra.ffmpeg.arguments import encoding
from app.infra.ffmpeg.look import decoder, rendering
from tests.clips import ffmpeg
from tests.rendered import (
    COLOURS,
    FORMATS,
    LOSSLESS,
    MAX_PIXELS,
    QUARTER,
    Colour,
    as_format,
    farthest,
    film,
    made,
    read,
    shown,
    strips,
)

pytestmark = pytest.mark.slow

LIGHTS = [(255, 255, 255), (128, 128, 128), (255, 0, 0), (0, 255, 0), (0, 0, 255)]

# ------------------------------------------------------------------ colours

_H264 = ("-c:v", "libx264", "-qp", "4", "-preset", "ultrafast")


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize(
    ("name", "scaled", "arguments", "look"),
    [
        (
            "hd.mp4", "out_color_matrix=bt709:out_range=tv,format=yuv420p", (*_H264, "-colorspace", "bt709"),
            Look(640, 360, "yuv420p", primaries=1, transfer=1, matrix=1, full_range=False),
        ),
        (
            "hd.mov", "out_color_matrix=bt709:out_range=tv,format=yuv422p10le",
            ("-c:v", "prores_ks", "-colorspace", "bt709"), Look(640, 360, "yuv422p10le", matrix=1),
        ),
        (
            "untagged_hd.mkv", "w=1280:h=720:out_color_matrix=bt709:out_range=tv,format=yuv420p", _H264,
            Look(1280, 720, "yuv420p"),
        ),
        (
            "untagged_sd.mpg", "out_color_matrix=bt601:out_range=tv,format=yuv420p",
            ("-c:v", "mpeg2video", "-q:v", "1"), Look(640, 360, "yuv420p"),
        ),
        (
            "full_range.avi", "out_color_matrix=bt601:out_range=pc,format=yuvj420p",
            ("-c:v", "mjpeg", "-q:v", "1"), Look(640, 360, "yuvj420p"),
        ),
        (
            "full_range.mp4", "out_color_matrix=bt709:out_range=pc,format=yuv420p",
            ("-c:v", "libx265", "-x265-params", "log-level=none:qp=4", "-color_range", "pc", "-colorspace", "bt709"),
            Look(640, 360, "yuv420p", matrix=1, full_range=True),
        ),
        ("rgb.mov", "out_range=pc,format=rgb24", ("-c:v", "qtrle"), Look(640, 360, "rgb24")),
        (
            "ycgco.mkv", "out_range=pc,format=gbrp,zscale=min=gbr:rin=full:m=ycgco:r=limited,format=yuv444p", LOSSLESS,
            Look(640, 360, "yuv444p", matrix=8),
        ),
        (
            "mistagged.mkv", "out_color_matrix=bt601:out_range=tv,format=yuv420p,setparams=colorspace=smpte2085",
            LOSSLESS,
            Look(640, 360, "yuv420p", matrix=11),
        ),
    ],
)  # fmt: skip
def test_a_films_pure_colours_are_those_of_its_pictures(
    tmp_path: Path, image_format: ImageFormat, name: str, scaled: str, arguments: tuple[str, ...], look: Look
):
    clip = film(tmp_path / name, strips(tmp_path, COLOURS, (640, 360)), scaled, *arguments, "-frames:v", "2")
    assert farthest(shown(clip, look, as_format(image_format)).strips(len(COLOURS)), COLOURS) <= 8


TO_BT2020 = ((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956))  # ITU-R BT.2087.


def wide(colour: Colour, white: float = 1.0) -> list[float]:
    """Give a colour's light in BT.2020, where white is ``white``."""
    light = [(value / 255) ** 2.4 * white for value in colour]
    return [sum(a * b for a, b in zip(row, light, strict=True)) for row in TO_BT2020]


def pq(light: Sequence[float]) -> list[float]:
    """Give the signal of light in cd/m2 as SMPTE ST 2084 has it."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    powers = [(max(value, 0) / 10_000) ** m1 for value in light]
    return [((c1 + c2 * y) / (1 + c3 * y)) ** m2 for y in powers]


def hlg(light: Sequence[float]) -> list[float]:
    """Give the signal of light in cd/m2 on a display of 1000 cd/m2, ITU-R BT.2100 table 5: against OOTF, then OETF."""
    display = [max(value, 0) / 1000 for value in light]
    brightness = 0.2627 * display[0] + 0.678 * display[1] + 0.0593 * display[2]
    scene = [value * brightness ** ((1 - 1.2) / 1.2) if brightness else 0.0 for value in display]
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return [math.sqrt(3 * e) if e <= 1 / 12 else a * math.log(12 * e - b) + c for e in scene]


def test_hlg_has_reference_white_at_three_quarters_of_its_signal():
    assert hlg([203] * 3) == pytest.approx([0.75] * 3, abs=0.001)  # ITU-R BT.2408, table 1.


def bright_film(
    path: Path, lights: Sequence[Sequence[float]], curve: Callable[[Sequence[float]], list[float]], *arguments: str
) -> Path:
    signal = [[round(value * 65535) for value in curve(light)] for light in lights]
    source = strips(path.parent, signal, (640, 60), "rgb48le")
    return film(path, source, "out_color_matrix=bt2020:out_range=tv,format=yuv420p10le", *(arguments or LOSSLESS))


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize(
    ("name", "curve", "transfer", "arguments"),
    [
        ("pq.mp4", pq, 16, ("-c:v", "libx265", "-x265-params", "log-level=none:qp=4")),
        ("untagged_primaries.mkv", pq, 16, LOSSLESS),
        ("hlg.mkv", hlg, 18, LOSSLESS),
        ("hlg.webm", hlg, 18, ("-c:v", "libvpx-vp9", "-profile:v", "2", "-crf", "4", "-b:v", "0", "-cpu-used", "8")),
    ],
)
def test_reference_white_of_bright_films_is_white_and_their_colours_stay(
    tmp_path: Path, image_format: ImageFormat, name: str, curve: Callable[[Sequence[float]], list[float]],
    transfer: int, arguments: tuple[str, ...],
):  # fmt: skip
    clip = bright_film(tmp_path / name, [wide(colour, 203) for colour in LIGHTS], curve, *arguments)
    tagged = name != "untagged_primaries.mkv"
    look = Look(640, 60, "yuv420p10le", primaries=9 if tagged else 2, matrix=9 if tagged else 2, transfer=transfer)
    colours = shown(clip, look, as_format(image_format)).strips(len(LIGHTS))
    assert farthest(colours[:2], LIGHTS[:2]) <= 6
    assert farthest(colours, LIGHTS) <= 20
    assert "203 cd/m2" in str(rendering(look, as_format(image_format), MAX_PIXELS).tone_mapping)


def test_what_is_brighter_than_white_grows_brighter_and_keeps_its_hue(tmp_path: Path):
    flame = [[light * share for share in (0.6, 0.25, 0.05)] for light in (150, 300, 450, 600, 750, 900, 1000, 4000)]
    clip = bright_film(tmp_path / "flame.mkv", flame, pq)
    look = Look(640, 60, "yuv420p10le", primaries=9, matrix=9, transfer=16)
    colours = shown(clip, look, as_format(ImageFormat.PNG)).strips(len(flame))
    reds = [red for red, _, _ in colours]
    assert all(a <= b for a, b in pairwise(reds))
    assert reds[-1] == 255
    assert all(green / red == pytest.approx(colours[0][1] / colours[0][0], abs=0.03) for red, green, _ in colours)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_wide_gamut_is_converted(tmp_path: Path, image_format: ImageFormat):
    clip = bright_film(
        tmp_path / "wide.mkv",
        [wide(colour) for colour in COLOURS],
        lambda light: [max(v, 0) ** (1 / 2.4) for v in light],
    )
    look = Look(640, 60, "yuv420p10le", primaries=9, matrix=9, transfer=14)
    made_so = rendering(look, as_format(image_format), MAX_PIXELS)
    assert farthest(shown(clip, look, as_format(image_format)).strips(len(COLOURS)), COLOURS) <= 20
    assert made_so.tone_mapping is None
    assert made_so.colour.startswith("bt2020nc limited, bt2020 primaries to ")


def test_colours_that_cannot_be_converted_are_named():
    own = rendering(Look(64, 48, "yuv420p10le", transfer=16, dolby_vision_profile=5), ExtractionOptions(), MAX_PIXELS)
    assert own.tone_mapping is None
    assert "Dolby Vision profile 5" in own.notes[0]
    base = Look(64, 48, "yuv420p10le", primaries=9, matrix=9, transfer=18, dolby_vision_profile=8)
    assert rendering(base, ExtractionOptions(), MAX_PIXELS).notes == ()
    assert "matrix 11" in rendering(Look(64, 48, "yuv420p", matrix=11), ExtractionOptions(), MAX_PIXELS).notes[0]


@pytest.mark.parametrize(("stored", "kept"), [("yuv422p10le", "yuvj422p"), ("gbrp", "yuvj444p"), ("nv12", "yuvj420p")])
def test_jpeg_keeps_as_much_chroma_as_the_film_has(stored: str, kept: str):
    filters = rendering(Look(64, 48, stored), ExtractionOptions(), MAX_PIXELS).filters
    assert f"format={kept}," in filters


def test_a_png_says_that_it_is_srgb(tmp_path: Path):
    clip = film(
        tmp_path / "hd.mkv", strips(tmp_path, COLOURS, (640, 360)), "out_color_matrix=bt709,format=yuv420p", *_H264
    )
    options = as_format(ImageFormat.PNG)
    assert b"sRGB" in made(clip, rendering(Look(640, 360, "yuv420p", matrix=1), options, MAX_PIXELS), options)[:200]


# What the decoders give: cameras, screens and editors; deep, packed, and with little chroma.
STORED = [
    "yuv420p", "yuvj422p", "yuv410p", "yuv411p", "yuv440p", "yuyv422", "uyvy422", "nv12", "p010le", "yuv422p10le",
    "yuv444p12le", "yuv420p16le", "yuva420p", "yuva444p10le", "rgb24", "bgr0", "argb", "rgb555le", "rgb565le", "pal8",
    "rgb48be", "gbrp", "gbrap12le", "gbrpf32le", "x2rgb10le",
]  # fmt: skip


@pytest.mark.parametrize("stored", STORED)
def test_every_pixel_format_keeps_its_colours_however_odd_and_turned_the_picture_is(tmp_path: Path, stored: str):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]
    source = strips(tmp_path, colours, (165, 121))
    full = "pc" if stored.startswith("yuvj") else "tv"
    look = Look(165, 121, stored, alpha="a" in stored.removeprefix("pal"), display_matrix=QUARTER, interlaced=True)
    made_so = [(image_format, rendering(look, as_format(image_format), MAX_PIXELS)) for image_format in FORMATS]
    chains = ";".join(f"[s{i}]{one.filters}[o{i}]" for i, (_, one) in enumerate(made_so))
    outputs = [
        argument
        for i, (image_format, _) in enumerate(made_so)
        for argument in (
            "-map", f"[o{i}]", "-frames:v", "1", *encoding(as_format(image_format)), "-f", "image2pipe",
            str(tmp_path / image_format),
        )
    ]  # fmt: skip
    exact = "flags=accurate_rnd+full_chroma_int"
    ffmpeg(
        *source, "-filter_complex",
        f"[0:v]scale=out_color_matrix=bt601:out_range={full}:{exact},format={stored},setfield=tff,split=3[s0][s1][s2];{chains}",
        *outputs,
    )  # fmt: skip
    for image_format, one in made_so:
        (picture,) = read((tmp_path / image_format).read_bytes(), image_format)
        assert (picture.width, picture.height) == (one.width, one.height) == (121, 165)
        got = [picture.at(0.5, (i + 0.5) / 5)[:3] for i in range(5)]
        assert farthest(got, colours) <= 14, image_format


# ------------------------------------------------------------------ transparency


@pytest.mark.parametrize("max_width", [None, 91])
@pytest.mark.parametrize(
    ("name", "arguments", "codec", "stored"),
    [
        ("vp9.webm", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-crf", "8", "-cpu-used", "8"), "vp9", "yuv420p"),
        ("vp8.webm", ("-c:v", "libvpx", "-pix_fmt", "yuva420p", "-crf", "8", "-auto-alt-ref", "0"), "vp8", "yuv420p"),
        ("animation.mov", ("-c:v", "qtrle", "-pix_fmt", "argb"), "qtrle", "argb"),
        ("prores.mov", ("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"), "prores", "yuva444p12le"),
    ],
)
def test_transparency_is_kept_or_lies_on_white(
    tmp_path: Path, name: str, arguments: tuple[str, ...], codec: str, stored: str, max_width: int | None
):
    source = strips(tmp_path, [(255, 0, 0, 255), (0, 255, 0, 0)], (320, 180), "rgba")
    ffmpeg(*source, *arguments, "-b:v", "1M", tmp_path / name)
    look = Look(320, 180, stored, alpha=True)
    before = decoder(Stream(0, "video", codec), look)
    for image_format in FORMATS:
        options = replace(as_format(image_format), max_width=max_width)
        picture = shown(tmp_path / name, look, options, *before)
        assert farthest([picture.at(0.25)], [(255, 0, 0, 255)]) <= 8
        beyond = picture.at(0.75)
        if image_format is ImageFormat.JPEG:
            assert min(beyond) >= 250
            # On the way from red to white nothing is greener than white: the hidden green is nowhere.
            assert all(picture.at(0.5 + i / 100)[1] <= picture.at(0.5 + i / 100)[0] + 20 for i in range(-5, 6))
        else:
            assert beyond[3] == 0
            # Where both halves share a pixel it is red and half transparent: again, no hidden green.
            edge = [picture.at(0.5 + i / 200) for i in range(-5, 6)]
            assert all(green < 60 for _, green, _, opacity in edge if opacity >= 64)


def test_only_transparent_films_of_vpx_need_another_decoder():
    assert decoder(Stream(3, "video", "vp9"), Look(64, 48, "yuv420p", alpha=True)) == ["-c:3", "libvpx-vp9"]
    assert decoder(Stream(0, "video", "vp9"), Look(64, 48, "yuv420p")) == []
    assert decoder(Stream(0, "video", "prores"), Look(64, 48, "yuva444p12le", alpha=True)) == []
