"""Which pictures are taken: the numbers in the pictures say it, of films as people have them.

Docs: FRAMES, "Which picture". How they look is told in test_right_looks.py, which fail in test_whole_or_failed.py.
"""

from pathlib import Path
from typing import Final

import pytest

from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions, ImageFormat
from tests.clips import ffmpeg
from tests.extracting import (
    EVERY_PICTURE,
    KEY_PICTURES,
    a_second,
    at,
    every,
    every_nth,
    refusal_of,
    so_many,
    take,
)
from tests.films import QUIET, VP8, VP9, X264, X265, Films

pytestmark = pytest.mark.slow

FRAGMENTED: Final = ("-movflags", "+frag_keyframe+empty_moov", "-g", "15")
PNG: Final = ImageFormat.PNG
NEVER: Final = "1000000000"  # As -sc_threshold: no key picture but at its regular place.


# ---------------------------------------------------------------- a film's own rate


@pytest.mark.parametrize(
    ("name", "rate", "typed", "encoding"),
    [
        ("30.mkv", "30", 30, X264),
        ("60.mkv", "60", 60, X264),
        ("24.webm", "24", 24, VP8),
        ("60.webm", "60", 60, VP9),
        ("ntsc.mkv", "30000/1001", 29.97, X264),
        ("ntsc.mp4", "30000/1001", 29.97, X264),
        ("film.ts", "24000/1001", 23.976, X264),
        ("30.ts", "30", 30, X264),
        ("30.flv", "30", 30, X264),
        ("50.mpg", "50", 50, ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2")),
        ("30_fragmented.mp4", "30", 30, (*X264, *FRAGMENTED)),
        ("30.wmv", "30", 30, ("-c:v", "wmv2", "-q:v", "3")),
    ],
)
async def test_at_a_films_own_rate_each_picture_comes_once(
    films: Films, name: str, rate: str, typed: float, encoding: tuple[str, ...]
):
    taken = await take(films.numbered(f"own_{name}", 100, rate, *encoding), a_second(typed))
    assert taken.numbers == list(range(100))
    assert [len(frame.instants) for frame in taken.frames] == [1] * 100


@pytest.mark.parametrize(("name", "encoding"), [("30.mkv", X264), ("30.flv", X264), ("30.webm", VP8)])
async def test_at_half_a_films_rate_every_second_picture_comes(films: Films, name: str, encoding: tuple[str, ...]):
    film = films.numbered(f"own_{name}", 100, "30", *encoding)
    assert (await take(film, a_second(15))).numbers == list(range(0, 100, 2))
    assert (await take(film, a_second(10))).numbers == list(range(0, 100, 3))


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("wavering.mp4", (*X264, "-bf", "0", "-video_track_timescale", "90000")),
        ("wavering.mkv", X264),
        ("wavering.mov", ("-c:v", "mjpeg", "-q:v", "3", "-video_track_timescale", "90000")),
        ("wavering_fragmented.mp4", (*X264, *FRAGMENTED, "-video_track_timescale", "90000")),
    ],
)
async def test_a_clock_that_wavers_by_milliseconds_costs_no_picture(films: Films, name: str, encoding: tuple[str, ...]):
    """As phones record: each picture comes up to 4 ms later than it should."""
    film = films.at(name, 150, "N/30+0.004*mod(N*7,11)/11", *encoding)
    taken = await take(film, a_second(30))
    assert taken.numbers == list(range(150))


# ---------------------------------------------------------------- screens: dense, then still

DENSE_THEN_STILL: Final = "if(lt(N,150),N/30,10*(N-149))"  # 0 to 4.97 dense, then 10, 20, 30, 40 and 50 s.
STILL_THEN_DENSE: Final = "if(lt(N,6),10*N,55+(N-6)/30)"  # 0, 10, 20, 30, 40 and 50 s, then 55 to 59.97 dense.


@pytest.fixture
def dense_then_still(films: Films) -> Path:
    """155 pictures; the last is shown from 50 to 60 s."""
    return films.at(
        "dense_then_still.mp4", 155, DENSE_THEN_STILL,
        *X264, "-bf", "0", "-video_track_timescale", "1000",
        "-bsf:v", "setts=duration='if(eq(N,154),10000,DURATION)'", clock=1000,
    )  # fmt: skip


@pytest.fixture
def still_then_dense(films: Films) -> Path:
    return films.at(
        "still_then_dense.mp4", 156, STILL_THEN_DENSE, *X264, "-bf", "0", "-video_track_timescale", "1000", clock=1000
    )


async def test_at_a_time_comes_what_is_on_the_screen(dense_then_still: Path, still_then_dense: Path):
    taken = await take(dense_then_still, at(2, 7, 15, 25, 45, 55))
    assert taken.numbers == [60, 149, 150, 151, 153, 154]
    assert taken.times == pytest.approx([2, 4.967, 10, 20, 40, 50], abs=0.002)
    assert taken.instants == [2, 7, 15, 25, 45, 55]
    assert (await take(dense_then_still, at(55))).numbers == [154]
    assert (await take(still_then_dense, at(7, 59.95))).numbers == [0, 154]


async def test_a_still_screen_does_not_use_up_the_count(dense_then_still: Path):
    taken = await take(dense_then_still, so_many(20))
    assert len(set(taken.numbers)) == len(taken.numbers) == 20
    assert set(range(150, 155)) <= set(taken.numbers)  # Each of these is on the screen longer than a twentieth.


async def test_a_part_of_a_still_screen_is_seen_as_often_as_it_lasts(dense_then_still: Path):
    part = await take(dense_then_still, ExtractionOptions(a_second(1), PNG, start_seconds=12, end_seconds=25))
    assert part.numbers == [150] * 8 + [151] * 5
    end = await take(dense_then_still, ExtractionOptions(a_second(1), PNG, start_seconds=52))
    assert end.numbers == [154] * 8


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("dense_then_still.mkv", X264),
        ("dense_then_still.webm", VP9),
        ("dense_then_still.ts", X264),
        ("dense_then_still_bframes.mov", (*X264, "-bf", "2")),
    ],
)
async def test_other_containers_of_screen_recordings_are_read_the_same(
    films: Films, name: str, encoding: tuple[str, ...]
):
    film = films.at(name, 155, DENSE_THEN_STILL, *encoding)
    taken = await take(film, at(2, 7, 15, 25, 45))
    assert taken.numbers == [60, 149, 150, 151, 153]
    part = await take(film, ExtractionOptions(a_second(1), PNG, start_seconds=12, end_seconds=25))
    assert part.numbers == [150] * 8 + [151] * 5
    assert len(set((await take(film, so_many(20))).numbers)) == 20


async def test_times_beyond_the_end_are_left_out_and_named(dense_then_still: Path):
    taken = await take(dense_then_still, at(15, 61, 3600))
    assert taken.numbers == [150]
    assert list(taken.reading.left_out) == [61, 3600]
    code, sentence = await refusal_of(dense_then_still, at(61, 3600))
    assert code is FailureCode.NO_FRAMES
    assert "60 s long" in sentence


async def test_pictures_of_equal_times_all_count(films: Films):
    """Five pictures of the same time in mp4, and in Matroska, whose clock is too coarse for a thousand a second."""
    film = films.numbered("unequal.mp4", 100, 25, *X264, "-bf", "0", "-g", "10", "-video_track_timescale", "90000")
    uneven = films.copied(
        "uneven.mp4", film, "-bsf:v", "setts=ts=TS+mod(N\\,2)", "-video_track_timescale", "90000"
    )  # Each delta differs from the last, so that the file has a field for each.
    data = bytearray(uneven.read_bytes())
    table = data.index(b"stts") + 12
    for number in range(10, 15):
        place = table + 8 * number
        assert data[place : place + 4] == b"\0\0\0\1"
        data[place + 4 : place + 8] = bytes(4)
    equal = await take(films.written("equal.mp4", bytes(data)), EVERY_PICTURE)
    assert equal.numbers == list(range(100))
    assert equal.times[10:16] == [equal.times[10]] * 6
    quick = films.at("equal.mkv", 100, "N/25+0.0001*mod(N\\,5)-0.04*mod(N\\,5)", *X264, "-bf", "0", clock=10_000)
    coarse = await take(quick, EVERY_PICTURE)
    assert coarse.numbers == list(range(100))


# ---------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("name", "encoding"), [("expire.mp4", X264), ("expire.mkv", X264), ("expire.avi", ("-c:v", "mjpeg", "-q:v", "3"))]
)
async def test_a_part_that_starts_between_two_pictures_begins_with_the_one_on_the_screen(
    films: Films, name: str, encoding: tuple[str, ...]
):
    film = films.numbered(name, 30, 1, *encoding)
    part = await take(film, ExtractionOptions(a_second(1), PNG, start_seconds=12.5, end_seconds=15.5))
    assert part.numbers == [12, 13, 14]
    assert part.instants == [12.5, 13.5, 14.5]
    every_picture = await take(film, ExtractionOptions(EVERY_PICTURE, PNG, start_seconds=12.5, end_seconds=15.5))
    assert every_picture.numbers == [12, 13, 14, 15]


# ---------------------------------------------------------------- AVI, which has no presentation times

B_PICTURES: Final = ("-g", "50", "-bf", "2", "-sc_threshold")


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("h264.avi", (*X264, *B_PICTURES, "0")),
        ("mpeg4.avi", ("-c:v", "mpeg4", "-q:v", "3", *B_PICTURES, NEVER)),
        ("xvid.avi", ("-c:v", "libxvid", "-q:v", "3", "-g", "50", "-bf", "2")),
        ("mpeg2.avi", ("-c:v", "mpeg2video", "-q:v", "3", "-mpv_flags", "+strict_gop", *B_PICTURES, NEVER)),
    ],
)
async def test_b_pictures_in_avi_are_at_their_own_times(films: Films, name: str, encoding: tuple[str, ...]):
    rate = 25 if "mpeg2" in name else 10  # Which MPEG-2 does not have.
    film = films.numbered(f"reordered_{name}", 600, rate, *encoding, size=(64, 48))
    step = 600 // rate // 6
    taken = await take(film, every(step))
    assert taken.numbers == list(range(0, 600, 100))
    assert taken.times == [step * place for place in range(6)]
    keys = await take(film, KEY_PICTURES)
    assert keys.times == [number / rate for number in keys.numbers]
    assert len(keys.numbers) == key_packets(film)
    if "h264" in name:  # Others put a key picture up to two pictures beside its regular place.
        assert keys.numbers == list(range(0, 600, 50))


def key_packets(film: Path) -> int:
    """Ask plain ffmpeg how many packets the container marks as key pictures: it notes the marks of all others."""
    lines = ffmpeg("-i", film, "-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-").splitlines()
    return sum(not line.startswith("#") and "F=" not in line for line in lines)


# ---------------------------------------------------------------- key pictures


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("vp9.webm", (*VP9, "-g", "25")),
        ("cinepak.avi", ("-c:v", "cinepak", "-g", "25")),
        ("h264.mp4", (*X264, "-g", "25", "-sc_threshold", "0")),
        ("vp8.webm", (*VP8, "-g", "25", "-keyint_min", "25")),
        ("mpeg1.mpg", ("-c:v", "mpeg1video", "-q:v", "3", "-g", "25", "-sc_threshold", NEVER)),
        ("mpeg2.mpg", ("-c:v", "mpeg2video", "-q:v", "3", "-g", "25", "-sc_threshold", NEVER)),
        ("mpeg2.ts", ("-c:v", "mpeg2video", "-q:v", "3", "-g", "25", "-sc_threshold", NEVER)),
        ("mpeg4.mkv", ("-c:v", "mpeg4", "-q:v", "3", "-g", "25", "-sc_threshold", NEVER)),
        ("hevc.mp4", (*X265, f"{QUIET}:keyint=25:min-keyint=25:scenecut=0:open-gop=0")),
        ("hevc.ts", (*X265, f"{QUIET}:keyint=25:min-keyint=25:scenecut=0:open-gop=0")),
        ("theora.ogv", ("-c:v", "libtheora", "-q:v", "8", "-g", "25")),
        ("flv1.flv", ("-c:v", "flv", "-q:v", "3", "-g", "25", "-sc_threshold", NEVER)),
        ("wmv2.wmv", ("-c:v", "wmv2", "-q:v", "3", "-g", "25", "-sc_threshold", NEVER)),
        ("av1.mp4", ("-c:v", "libsvtav1", "-preset", "12", "-g", "25", "-crf", "20", "-svtav1-params", "scd=0")),
    ],
)
async def test_key_pictures_are_those_that_the_codec_marks(films: Films, name: str, encoding: tuple[str, ...]):
    film = films.numbered(f"keys_{name}", 50, 25, *encoding)
    assert (await take(film, KEY_PICTURES)).numbers == [0, 25]


X264_OPEN: Final = (
    "-c:v", "libx264", "-preset", "medium", "-pix_fmt", "yuv420p",
    "-x264-params", "keyint=25:min-keyint=25:scenecut=0:open-gop=1:bframes=3",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "encoding", "expected"),
    [
        ("h264.mp4", X264_OPEN, range(0, 250, 25)),
        ("h264.mkv", X264_OPEN, range(0, 250, 25)),
        ("h264.ts", X264_OPEN, range(0, 250, 25)),
        ("hevc.mp4", (*X265, f"{QUIET}:keyint=25:min-keyint=25:scenecut=0:open-gop=1:bframes=3"), range(0, 250, 25)),
        ("hevc.ts", (*X265, f"{QUIET}:keyint=25:min-keyint=25:scenecut=0:open-gop=1:bframes=3"), range(0, 250, 25)),
        (
            "mpeg2.mpg",
            ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "24", "-sc_threshold", NEVER),
            range(0, 250, 24),
        ),
        (
            "mpeg2.ts",
            ("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "24", "-sc_threshold", NEVER),
            range(0, 250, 24),
        ),
    ],
)
async def test_key_pictures_of_open_groups_come_in_order(
    films: Films, name: str, encoding: tuple[str, ...], expected: range
):
    film = films.numbered(f"open_{name}", 250, 25, *encoding)
    taken = await take(film, KEY_PICTURES)
    assert taken.numbers == list(expected)
    assert (await take(film, every_nth(1))).numbers == list(range(250))


# ---------------------------------------------------------------- which stream is the film


async def test_a_timecode_track_is_no_film_and_no_harm(films: Films):
    film = films.numbered("timecode.mp4", 50, 25, *X264)
    prores = films.numbered("timecode_prores.mov", 50, 25, "-c:v", "prores_ks", "-timecode", "10:00:00:00")
    sounding = films.made(
        "timecode_sound.mp4", "-i", film, "-f", "lavfi", "-i", "sine=d=2", "-map", "0:v", "-map", "1:a",
        "-c:v", "copy", "-c:a", "aac", "-timecode", "10:00:00:00", "-write_tmcd", "on",
    )  # fmt: skip
    for whole in (films.copied("timecode.mov", film, "-timecode", "10:00:00:00"), sounding, prores):
        assert (await take(whole, EVERY_PICTURE)).numbers == list(range(50))


@pytest.mark.parametrize(
    ("name", "more"),
    [("off.mp4", ()), ("off.mov", ()), ("off.mkv", ()), ("off.ts", ()), ("off_fragmented.mp4", FRAGMENTED[:2])],
)
async def test_a_track_that_is_switched_off_is_not_the_film(films: Films, name: str, more: tuple[str, ...]):
    """In MPEG-TS nothing can be switched off: there the larger picture is the film."""
    width = 64 if name.endswith("ts") else 128
    other = films.numbered(f"which_other_{width}.mp4", 50, 25, *X264, size=(width, 96))
    film = films.numbered("which_film.mp4", 75, 25, *X264, first=1000)
    both = films.made(
        name, "-i", other, "-i", film, "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v:0", "0", "-disposition:v:1", "default", *more,
    )  # fmt: skip
    assert (await take(both, every_nth(25))).numbers == [1000, 1025, 1050]


@pytest.mark.parametrize(
    ("name", "mark"), [("track.mkv", "0"), ("attached.mp4", "attached_pic"), ("attached.m4v", "attached_pic")]
)
async def test_a_cover_before_the_film_is_not_the_film(films: Films, name: str, mark: str):
    film = films.numbered("which_film.mp4", 75, 25, *X264, first=1000)
    cover = films.made("cover.jpg", "-i", films.numbered("which_large.mp4", 1, 25, *X264, size=(640, 480)))
    both = films.made(
        f"cover_{name}", "-i", cover, "-i", film, "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v:0", mark, "-disposition:v:1", "default",
    )  # fmt: skip
    assert (await take(both, every_nth(25))).numbers == [1000, 1025, 1050]
