"""Sizes, orientation and fields of pictures; an orientation is right where ffmpeg's own is the same."""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from app.domain.film import Look
from app.domain.options import ExtractionOptions, ImageFormat
from app.infra.ffmpeg.look import displayed_size, rendering
from app.infra.ffmpeg.orientation import Orientation, orientation
from tests.clips import Clips, ffmpeg
from tests.rendered import (
    FORMATS,
    LOSSLESS,
    MAX_PIXELS,
    QUARTER,
    as_format,
    farthest,
    made,
    read,
    shown,
    strips,
)

pytestmark = pytest.mark.slow

# ------------------------------------------------------------------ sizes


MOVING = "nullsrc=s=320x240:r=50:d=0.4,geq=lum=128+100*sin((X+Y/3+N*10)/12):cb=128:cr=128,format=yuv420p"
WOVEN = Look(320, 240, "yuv420p", interlaced=True)
PAL = Look(720, 576, "yuv420p", Fraction(64, 45))
AS_PNG = ExtractionOptions(format=ImageFormat.PNG)


@pytest.mark.parametrize(
    ("look", "options", "size"),
    [
        (PAL, ExtractionOptions(), (1024, 576)),
        (PAL, ExtractionOptions(max_width=720), (720, 405)),
        (PAL, ExtractionOptions(max_height=288), (512, 288)),
        (PAL, ExtractionOptions(max_width=2000, max_height=2000), (1024, 576)),
        (replace(PAL, display_matrix=QUARTER), ExtractionOptions(), (576, 1024)),
        (replace(PAL, display_matrix=QUARTER), ExtractionOptions(max_width=288), (288, 512)),
        (Look(720, 480, "yuv420p", Fraction(8, 9)), ExtractionOptions(), (640, 480)),
        (Look(720, 576, "yuv420p", Fraction(1, 1000)), ExtractionOptions(), (720, 576)),
        (Look(720, 576, "yuv420p", Fraction(0)), ExtractionOptions(), (720, 576)),
        (Look(161, 121, "yuv420p"), ExtractionOptions(max_width=100), (100, 75)),
        (Look(1280, 2, "yuv420p"), ExtractionOptions(max_width=100), (100, 1)),
    ],
)
def test_pixels_are_square_and_the_picture_within_what_was_asked(
    tmp_path: Path, look: Look, options: ExtractionOptions, size: tuple[int, int]
):
    clip = tmp_path / "clip.nut"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={look.width}x{look.height}:d=0.1,format=yuv420p", "-c:v", "rawvideo", clip)

    picture = shown(clip, look, options)
    assert (picture.width, picture.height) == size


def test_wide_pixels_make_no_larger_picture_than_a_film_may_have(tmp_path: Path):
    clip = tmp_path / "clip.nut"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=321x243:d=0.1,format=yuv420p", "-c:v", "rawvideo", clip)
    made_so = rendering(Look(321, 243, "yuv420p", Fraction(7, 3)), ExtractionOptions(), 90_000)
    (picture,) = read(made(clip, made_so, ExtractionOptions()), ImageFormat.JPEG)
    assert (picture.width, picture.height) == (made_so.width, made_so.height)
    assert 89_000 <= picture.width * picture.height <= 90_000


def test_an_anamorphic_film_is_wide_in_its_own_container(tmp_path: Path):
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=720x576:r=25:d=0.2", "-vf", "setsar=64/45", "-c:v", "mpeg2video",
        tmp_path / "dvd.mpg",
    )  # fmt: skip
    picture = shown(tmp_path / "dvd.mpg", PAL, ExtractionOptions())
    assert (picture.width, picture.height) == displayed_size(PAL) == (1024, 576)
    assert displayed_size(replace(PAL, display_matrix=QUARTER)) == (576, 1024)


def test_a_mistaken_shape_of_pixels_and_an_odd_angle_are_named():
    odd = Look(64, 48, "yuv420p", Fraction(1, 1000), display_matrix=(56755, 32767, 0, -32767, 56755, 0, 0, 0, 1 << 30))
    assert len(rendering(odd, ExtractionOptions(), MAX_PIXELS).notes) == 2
    assert rendering(PAL, ExtractionOptions(), MAX_PIXELS).notes == ()


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("turned", [None, QUARTER])
def test_pictures_of_another_size_on_the_way_become_as_large_as_the_first(
    clips: Clips, turned: tuple[int, ...] | None, interlaced: bool
):
    look = Look(320, 180, "yuv420p", display_matrix=turned)
    anew = rendering(look, AS_PNG, MAX_PIXELS)
    pictures = read(made(clips.rotated_and_shrinking, anew, AS_PNG, pictures=60), ImageFormat.PNG)
    assert len(pictures) == 60  # From the fiftieth on they are smaller.
    assert {(p.width, p.height) for p in pictures} == {(anew.width, anew.height)}
    # Filters that were not made for the smaller pictures show nothing of what lies beside them in memory.
    staying = rendering(replace(look, interlaced=interlaced), AS_PNG, MAX_PIXELS)
    data = made(clips.rotated_and_shrinking, staying, AS_PNG, "-reinit_filter", "0", pictures=60)
    for one, other in zip(pictures, read(data, ImageFormat.PNG), strict=True):
        assert sum(abs(a - b) for a, b in zip(one.data[::97], other.data[::97], strict=True)) < len(one.data[::97])


@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize("alpha", [False, True])
def test_a_tile_is_a_small_picture(tmp_path: Path, image_format: ImageFormat, alpha: bool):
    source = strips(tmp_path, [(255, 0, 0, 255), (0, 255, 0, 0)], (640, 360), "rgba")
    ffmpeg(*source, *LOSSLESS, "-pix_fmt", "gbrap", tmp_path / "clip.mkv")
    made_so = rendering(Look(640, 360, "gbrap", alpha=alpha), as_format(image_format), MAX_PIXELS)
    tile = replace(made_so, filters=f"{made_so.filters},{made_so.tile(160, 90)}")
    (picture,) = read(made(tmp_path / "clip.mkv", tile, ExtractionOptions()), ImageFormat.JPEG)
    assert (picture.width, picture.height) == (160, 90)
    hidden = (255, 255, 255) if alpha else (0, 255, 0)
    assert farthest(picture.strips(2), [(255, 0, 0), hidden]) <= 8


def test_a_turned_film_makes_pictures_that_no_reader_turns_again(clips: Clips):
    made_so = rendering(Look(160, 120, "yuv420p", display_matrix=matrix(0, -1, 1, 0)), AS_PNG, MAX_PIXELS)
    assert b"eXIf" not in made(clips.rotated, made_so, AS_PNG)


# ------------------------------------------------------------------ orientation


def fingerprint(*arguments: str | Path) -> str:
    return ffmpeg(*arguments, "-frames:v", "1", "-f", "framemd5", "-").splitlines()[-1].split(",")[-1].strip()


# The 16.16 matrices that ffmpeg writes for each (the first row is a, b; the second c, d).
TURNS = [
    ((0,), None), ((0, "h"), (-1, 0, 0, 1)), ((0, "v"), (1, 0, 0, -1)), ((180,), (-1, 0, 0, -1)),
    ((90,), (0, -1, 1, 0)), ((270,), (0, 1, -1, 0)), ((90, "h"), (0, -1, -1, 0)), ((270, "h"), (0, 1, 1, 0)),
]  # fmt: skip


def matrix(a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    return (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(("turn", "signs"), TURNS)
def test_a_film_is_turned_as_its_container_asks(
    tmp_path: Path, clips: Clips, turn: tuple[int, ...], signs: tuple[int, int, int, int] | None
):
    flips = {"h": "-display_hflip", "v": "-display_vflip"}
    degrees, *mirrored = turn
    asks = ["-display_rotation", str(degrees), *(flips[str(flip)] for flip in mirrored)]
    ffmpeg(*asks, "-i", clips.short, "-c", "copy", tmp_path / "turned.mp4")
    filters = orientation(matrix(*signs) if signs else None)[0].filters
    mine = fingerprint("-noautorotate", "-i", tmp_path / "turned.mp4", "-vf", ",".join([*filters, "format=yuv420p"]))
    assert mine == fingerprint("-i", tmp_path / "turned.mp4", "-vf", "format=yuv420p")


def test_a_film_is_turned_as_its_own_messages_ask(tmp_path: Path, clips: Clips):
    asks = "h264_metadata=display_orientation=insert:rotate=90:flip=horizontal"
    ffmpeg("-i", clips.short, "-c", "copy", "-bsf:v", asks, tmp_path / "message.mkv")
    filters = ",".join([*orientation(matrix(0, 1, 1, 0))[0].filters, "format=yuv420p"])
    mine = fingerprint("-noautorotate", "-i", tmp_path / "message.mkv", "-vf", filters)
    assert mine == fingerprint("-i", tmp_path / "message.mkv", "-vf", "format=yuv420p")


@pytest.mark.parametrize(
    ("turned", "words"),
    [
        (None, "upright"),
        ((0, 0, 0, 0), "upright"),
        ((0, 1, -1, 0), "rotated by 90 degrees clockwise"),
        ((-1, 0, 0, 1), "mirrored"),
        ((0, 1, 1, 0), "mirrored and rotated by 270 degrees clockwise"),
    ],
)
def test_an_orientation_is_told_in_words(turned: tuple[int, int, int, int] | None, words: str):
    assert str(orientation(matrix(*turned) if turned else None)[0]) == words


@pytest.mark.parametrize(("angle", "quarters"), [(30, 0), (60, 1), (100, 1), (200, 2), (-100, 3)])
def test_an_angle_between_becomes_the_nearest_quarter(angle: int, quarters: int):
    a, b = (round(65536 * f(math.radians(angle))) for f in (math.cos, math.sin))
    assert orientation((a, b, 0, -b, a, 0, 0, 0, 1 << 30))[0] == Orientation(quarters)
    assert orientation((-a, -b, 0, -b, a, 0, 0, 0, 1 << 30))[0] == Orientation(quarters, mirrored=True)


# ------------------------------------------------------------------ fields

_EACH = ("-fps_mode", "passthrough", "-enc_time_base", "filter")


@pytest.fixture(scope="module")
def woven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every second picture of ``moving`` in its upper lines, the following one in its lower."""
    path = tmp_path_factory.mktemp("fields") / "woven.mkv"
    ffmpeg("-f", "lavfi", "-i", MOVING, "-vf", "interlace=scan=tff:lowpass=0", *LOSSLESS, path)
    return path


def test_fields_are_taken_apart(woven: Path, tmp_path: Path):
    ffmpeg("-f", "lavfi", "-i", MOVING, *LOSSLESS, tmp_path / "moving.mkv")
    (right,) = read(
        made(
            tmp_path / "moving.mkv",
            rendering(replace(WOVEN, interlaced=False), AS_PNG, MAX_PIXELS),
            AS_PNG,
        ),
        ImageFormat.PNG,
    )
    wrong, mine = (
        sum(abs(a - b) for a, b in zip(shown(woven, look, AS_PNG).data, right.data, strict=True))
        for look in (replace(WOVEN, interlaced=False), WOVEN)
    )
    assert mine < wrong / 2


def test_whole_pictures_among_fields_stay_as_they_are(clips: Clips):
    look = Look(160, 120, "yuv420p", interlaced=True)
    assert shown(clips.short, look, AS_PNG) == shown(clips.short, replace(look, interlaced=False), AS_PNG)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_picture_is_the_same_to_the_bit_whichever_others_are_decoded(woven: Path, image_format: ImageFormat):
    options = as_format(image_format)
    look = replace(WOVEN, primaries=9, matrix=9, transfer=16)
    made_so = rendering(look, options, MAX_PIXELS)
    alone = replace(made_so, filters=f"select=eq(n\\,7),{made_so.filters}")
    assert made(woven, made_so, options, pictures=10).endswith(
        made(woven, replace(alone, filters=alone.filters.replace("7", "9", 1)), options)
    )
    after = replace(made_so, filters=f"{made_so.filters},select=eq(n\\,7)")
    assert made(woven, alone, options) == made(woven, after, options)


def test_the_decoders_own_time_of_a_picture_is_not_lost(woven: Path):
    made_so = rendering(WOVEN, AS_PNG, MAX_PIXELS)
    times = ffmpeg(
        "-i", woven, "-filter_complex", f"[0:v]select=not(mod(n\\,3)),{made_so.filters}[o]", "-map", "[o]", *_EACH,
        "-stats_enc_pre", "pipe:1", "-stats_enc_pre_fmt", "{ptsi} {tbi} {t}", "-f", "null", "-",
    )  # fmt: skip
    assert [line.split() for line in times.split("\n") if line] == [
        [str(n * 40), "1/1000", f"{n * 0.04:g}"] for n in (0, 3, 6, 9)
    ]
