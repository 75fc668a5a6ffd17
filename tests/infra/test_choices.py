"""Pictures chosen by what they show: films with parts that are still, black or blurred."""

from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.frame import Frame
from app.domain.options import Aspect, Crop, ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from tests.clips import Clips
from tests.extracting import EVERY_PICTURE, LIMITS, a_second, at, take
from tests.films import QUIET, X264, X265, Films, decoded

pytestmark = pytest.mark.slow
WHOLE = FfmpegFrameExtractor(LIMITS, decode_all=True)
SCENES = FrameSelection(SelectionKind.SCENE_CHANGE, 0.3)


def chosen(select: FrameSelection, **how: object) -> ExtractionOptions:
    return ExtractionOptions(select, ImageFormat.PNG, **how)  # type: ignore[arg-type]  # Each test names its own.


def times(frames: list[Frame]) -> list[float]:
    return [round(frame.time_seconds, 3) for frame in frames]


async def test_a_still_recording_of_a_minute_gives_one_picture(films: Films):
    """A camera's noise and an encoder's pulse are no change."""
    still = "testsrc2=s=320x180:r=10,loop=loop=600:size=1,setpts=N/10/TB,noise=alls=6:allf=t"
    film = films.made("still.mp4", "-f", "lavfi", "-i", still, "-t", "60", *X264, "-g", "50")
    taken = await take(film, chosen(a_second(1), distinct=0.02))
    assert times(taken.frames) == [0.0]
    assert taken.reading.culled
    assert (taken.reading.culled.seen, taken.reading.culled.alike) == (60, 59)
    assert taken.reading.decoding == "planned"


async def test_black_pictures_are_left_out_whichever_packets_are_decoded(films: Films):
    black = ("-vf", "drawbox=t=fill:color=black:enable='between(n,10,19)'", *X264)
    film = films.numbered("black.mp4", 40, 10, *black)
    expected = [*range(10), *range(20, 40)]
    taken = await take(film, chosen(EVERY_PICTURE, skip_black=True))
    assert taken.numbers == expected
    assert all(frame.scores and frame.scores.blackness is not None for frame in taken.frames)
    assert taken.reading.culled
    assert taken.reading.culled.black == 10
    whole = await take(film, chosen(a_second(5), skip_black=True), WHOLE)
    planned = await take(film, chosen(a_second(5), skip_black=True))
    assert planned.numbers == whole.numbers == [0, 2, 4, 6, 8, *range(20, 40, 2)]
    assert (planned.reading.decoding, whole.reading.decoding) == ("planned", "whole")


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("blurred.mp4", X264),
        ("blurred.mkv", (*X265, QUIET)),
        ("blurred.avi", ("-c:v", "mpeg4", "-q:v", "2", "-bf", "2")),
    ],
)
async def test_the_one_sharp_picture_near_each_instant_is_found_in_each_container(
    films: Films, name: str, encoding: tuple[str, ...]
):
    blurred = ("-vf", "gblur=sigma=4:enable='not(eq(mod(n,10),3))'", *encoding)
    taken = await take(films.numbered(name, 40, 10, *blurred), chosen(a_second(1), sharpest=True))
    assert taken.numbers == [3, 13, 23, 33]
    assert taken.instants == [0, 1, 2, 3]
    assert times(taken.frames) == pytest.approx([0.3, 1.3, 2.3, 3.3], abs=0.11)


async def test_each_of_a_films_sizes_is_looked_at(films: Films, clips: Clips):
    """At 2 s it becomes larger: a decoder that were not begun anew would lose pictures there."""
    taken = await take(clips.changing_size, chosen(a_second(5), distinct=0.001, skip_black=True))
    assert [(frame.width, frame.height) for frame in taken.frames] == [(160, 120)] * 10 + [(320, 180)] * 10


def cuts(films: Films) -> Path:
    """Scenes of 2 s, 0.4 s and 3 s; the last one fades in from black for a second."""
    parts = ["testsrc2=s=160x120:r=10:d=2", "smptebars=s=160x120:r=10:d=0.4", "rgbtestsrc=s=160x120:r=10:d=3,fade=d=1"]
    inputs = [word for part in parts for word in ("-f", "lavfi", "-i", part)]
    return films.made("cuts.mp4", *inputs, "-filter_complex", "concat=n=3", *X264)


async def test_the_scenes_of_a_film_are_told_and_a_short_one_is_none(films: Films):
    film = cuts(films)
    plain = await take(film, chosen(SCENES))
    assert plain.reading.scenes
    starts = [scene.start for scene in plain.reading.scenes]
    assert starts[:3] == [0.0, 2.0, 2.4]
    taken = await take(film, chosen(SCENES, min_scene_seconds=1, skip_black=True))
    assert taken.reading.scenes
    assert [(scene.start, scene.end) for scene in taken.reading.scenes] == [(0.0, 2.0), (2.0, 5.4)]
    assert [scene.number for scene in taken.reading.scenes] == [0, 20]


async def test_progress_and_the_number_of_files_are_right_though_they_are_known_only_later(films: Films):
    film = films.numbered("ten.mp4", 40, 10, "-vf", "loop=loop=9:size=1:start=20", *X264)
    async with FfmpegFrameExtractor(LIMITS).open(film, chosen(EVERY_PICTURE, distinct=0.01)) as (_, extraction):
        told = [extraction.progress]
        files = 0
        async for frame in extraction:
            files += len(frame.instants)
            told.append(extraction.progress)
        told.append(extraction.progress)
    assert files == 40
    assert told[0].frames_expected is None
    assert told[-1].frames_expected == told[-1].frames_extracted == files
    percents = [one.percent for one in told]
    assert percents == sorted(percents)
    assert percents[1] > 50


async def test_what_is_cut_off_does_not_count_as_a_change(films: Films):
    """Only the numbers along the top differ enough: without them all pictures are alike."""
    film = films.numbered("numbered.mp4", 10, 10, *X264)
    all_of_it = await take(film, chosen(EVERY_PICTURE, distinct=0.01))
    below = await take(film, chosen(EVERY_PICTURE, distinct=0.5, crop=Crop(0, 0.5, 1, 0.5)))
    assert len(all_of_it.frames) == 10
    assert len(below.frames) < 10


CUTS_OF_BIKES = (0.0, 1.2, 5.48, 7.48, 9.68)
"""By eye."""


async def test_of_a_real_film_what_is_alike_is_left_out_and_each_of_its_shots_is_there(clips: Clips):
    kept = [await take(clips.bikes, chosen(a_second(5), distinct=share)) for share in (0.4, 0.6, 0.8)]
    assert [len(taken.frames) for taken in kept] == sorted((len(taken.frames) for taken in kept), reverse=True)
    few = times(kept[-1].frames)
    assert len(few) <= 20
    for begin, end in pairwise([*CUTS_OF_BIKES, 10.0]):
        assert any(begin <= time < end for time in few), (begin, end)


async def test_of_a_real_film_the_sharpest_picture_is_not_the_one_that_a_passing_car_has_blurred(clips: Clips):
    """At 4 s a car is in front of everything; a third of a second later it has gone."""
    plain, sharp = [
        await take(clips.bikes, ExtractionOptions(at(4.0), sharpest=sharpest)) for sharpest in (False, True)
    ]
    assert (times(plain.frames), times(sharp.frames)) == ([4.0], [4.32])
    assert len(sharp.frames[0].data) > 1.3 * len(plain.frames[0].data)  # An encoder finds more in it, too.


QUADRANTS = (
    "color=red:s=64x48[a];color=lime:s=64x48[b];color=blue:s=64x48[c];color=white:s=64x48[d];"
    "[a][b]hstack[e];[c][d]hstack[f];[e][f]vstack,trim=duration=0.1"
)
RED, GREEN, BLUE, WHITE, BLACK = "red", "green", "blue", "white", "black"
BARRED = [BLACK, BLACK, RED, GREEN, BLUE, WHITE, BLACK, BLACK]
_NAMES = {(1, 0, 0): RED, (0, 1, 0): GREEN, (0, 0, 1): BLUE, (1, 1, 1): WHITE, (0, 0, 0): BLACK}


def colours(frame: Frame, image_format: ImageFormat, columns: int, rows: int) -> list[str]:
    """Name what is most of each field of a grid."""
    grid = f"format=gbrp,scale={columns}:{rows}:flags=area,format=rgb24"
    raw = decoded([frame.data], image_format, grid)
    return [_NAMES[raw[at] > 127, raw[at + 1] > 127, raw[at + 2] > 127] for at in range(0, len(raw), 3)]


@pytest.mark.parametrize("image_format", ImageFormat)
@pytest.mark.parametrize(
    ("turned", "how", "size", "seen"),
    [
        (0, {"crop": Crop(0.5, 0, 0.5, 0.5)}, (64, 48), [GREEN]),
        (90, {"crop": Crop(0.5, 0, 0.5, 0.5)}, (48, 64), [WHITE]),
        (0, {"aspect": Aspect.FILL, "max_width": 48, "max_height": 48}, (48, 48), [RED, GREEN, BLUE, WHITE]),
        (0, {"aspect": Aspect.FILL, "max_width": 500, "max_height": 250}, (128, 64), [RED, GREEN, BLUE, WHITE]),
        (0, {"aspect": Aspect.EXACT, "max_width": 128, "max_height": 288}, (128, 288), BARRED),
        (0, {"aspect": Aspect.EXACT, "max_width": 255, "max_height": 255}, (255, 255), None),
        (90, {"aspect": Aspect.EXACT, "max_width": 96, "max_height": 96}, (96, 96), None),
    ],
)  # fmt: skip
async def test_a_part_and_a_shape_are_what_people_see(
    films: Films,
    turned: int,
    how: dict[str, object],
    size: tuple[int, int],
    seen: list[str] | None,
    image_format: ImageFormat,
):
    upright = films.made("quadrants.mp4", "-f", "lavfi", "-i", QUADRANTS, *X264[:-1], "yuv444p", "-qp", "0")
    film = (
        films.made("turned.mp4", "-display_rotation", str(turned), "-i", upright, "-c", "copy") if turned else upright
    )
    (frame,) = (await take(film, ExtractionOptions(FrameSelection(SelectionKind.COUNT, 1), image_format, **how))).frames  # type: ignore[arg-type]
    assert (frame.width, frame.height) == size
    if seen is not None:
        assert colours(frame, image_format, 1 if len(seen) == 1 else 2, max(1, len(seen) // 2)) == seen
