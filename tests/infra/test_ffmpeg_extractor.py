"""The extractor on small films and real recordings: what it tells, and where it stops.

Which pictures it takes of which films is told in test_right_pictures.py and its neighbours.
"""

import asyncio
import subprocess
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import MediaInfo, Progress
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from tests.clips import FFMPEG, Clips, ffmpeg
from tests.extracting import (
    EVERY_PICTURE,
    EXTRACTOR,
    KEY_PICTURES,
    Taken,
    at,
    every,
    every_nth,
    failure_of,
    limited,
    refusal_of,
    so_many,
    take,
)
from tests.films import decoded

pytestmark = pytest.mark.slow

PNG = ImageFormat.PNG


def instants(source: Path) -> list[float]:
    """Ask plain ffmpeg when each frame of the source is shown."""
    lines = ffmpeg(
        "-i", source, "-map", "0:V:0", "-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-f", "framecrc", "-"
    )
    return [int(line.split(",")[2]) / 90_000 for line in lines.splitlines() if not line.startswith("#")]


def sizes(taken: Taken) -> set[tuple[int, int]]:
    return {(frame.width, frame.height) for frame in taken.frames}


# ---------------------------------------------------------------- what a file is


async def test_a_real_recording_is_described_correctly(clips: Clips):
    found = [(await take(clip, so_many(1))).media for clip in (clips.bikes, clips.big_buck_bunny, clips.carphone)]
    assert [replace(media, duration_seconds=0, frames_per_second=0) for media in found] == [
        MediaInfo(0, 640, 272, "h264", 0), MediaInfo(0, 1280, 720, "h264", 0), MediaInfo(0, 193, 144, "h264", 0),
    ]  # fmt: skip
    # Stored in 176 columns of pixels that are wider than high (128:117).
    assert [media.duration_seconds for media in found] == pytest.approx([10.0, 5.28, 4.004], abs=0.005)
    assert [media.frames_per_second for media in found] == pytest.approx([25, 25, 29.97], abs=0.001)


async def test_every_accepted_container_is_read(clips: Clips):
    found = {}
    for clip in (clips.mpeg4_avi, clips.mov, clips.matroska, clips.webm_without_duration):
        taken = await take(clip)
        found[taken.media.codec] = (taken.reading.container, len(taken.frames))
    assert found == {
        "mpeg4": ("avi", 3),
        "prores": ("mov,mp4,m4a,3gp,3g2,mj2", 3),
        "h264": ("matroska,webm", 3),
        "vp8": ("matroska,webm", 3),
    }


async def test_a_duration_that_no_header_tells_is_measured(clips: Clips):
    assert (await take(clips.webm_without_duration)).media.duration_seconds == pytest.approx(3.0, abs=0.05)


async def test_a_rotated_phone_video_is_upright(clips: Clips):
    taken = await take(clips.rotated)
    assert (taken.media.width, taken.media.height) == (120, 160)
    assert sizes(taken) == {(120, 160)}


# ---------------------------------------------------------------- which frames


async def test_one_frame_a_second_from_the_first_on(clips: Clips):
    taken = await take(clips.bikes)
    assert [frame.number for frame in taken.frames] == list(range(0, 250, 25))
    assert taken.times == taken.instants == [float(n) for n in range(10)]
    assert all(frame.data.startswith(b"\xff\xd8") and frame.data.endswith(b"\xff\xd9") for frame in taken.frames)


async def test_each_frame_bears_the_instants_at_which_the_source_shows_it(clips: Clips):
    for clip in (clips.carphone, clips.variable_rate):
        shown = instants(clip)
        taken = await take(clip)
        assert taken.instants == [float(n) for n in range(len(taken.instants))]
        for frame in taken.frames:
            assert frame.time_seconds == pytest.approx(shown[frame.number], abs=0.0011)
            if frame.number + 1 < len(shown):
                assert frame.until_seconds == pytest.approx(shown[frame.number + 1], abs=0.0011)
            quarter = (frame.until_seconds - frame.time_seconds) / 4
            assert all(frame.time_seconds - quarter <= instant < frame.until_seconds for instant in frame.instants)


async def test_a_clip_shorter_than_the_interval_gives_its_first_frame(clips: Clips):
    assert (await take(clips.short)).times == [0.0]
    late = await take(clips.late_picture)  # Sound from the start, the picture from 0.3 s on.
    assert late.times == pytest.approx([0.3], abs=0.05)
    assert late.instants == [0]


async def test_one_frame_every_three_seconds(clips: Clips):
    assert (await take(clips.bikes, every(3))).times == [0, 3, 6, 9]


async def test_every_nth_frame(clips: Clips):
    shown = instants(clips.carphone)
    assert len(shown) == 120
    assert (await take(clips.carphone, every_nth(7))).times == pytest.approx(shown[::7], abs=0.001)


@pytest.mark.parametrize("count", [1, 7, 249, 250, 400])
async def test_so_many_frames_evenly_spread_and_never_the_same_twice(clips: Clips, count: int):
    taken = await take(clips.bikes, ExtractionOptions(so_many(count)))
    assert len(taken.frames) == len({frame.number for frame in taken.frames}) == min(count, 250)
    assert all(b - a == pytest.approx(10 / len(taken.frames), abs=0.041) for a, b in pairwise(taken.times))


async def test_a_count_for_a_clip_whose_header_tells_no_duration(clips: Clips):
    assert len((await take(clips.webm_without_duration, so_many(5))).frames) == 5


async def test_the_frames_at_given_times_are_those_on_the_screen(clips: Clips):
    taken = await take(clips.bikes, at(0, 0.029, 0.035, 1.3, 5, 9.99, 12))
    assert taken.times == [0, 0.04, 1.28, 5, 9.96]
    assert taken.instants == [0, 0.029, 0.035, 1.3, 5, 9.99]
    assert list(taken.reading.left_out) == [12]
    assert await failure_of(clips.bikes, at(12)) is FailureCode.NO_FRAMES


async def test_key_pictures(clips: Clips):
    assert (await take(clips.bikes, KEY_PICTURES)).times == [0, 1.2, 3.04, 5.48, 7.48, 9.68]


async def test_scene_changes_with_the_first_frame(clips: Clips):
    found = {
        share: (await take(clips.bikes, ExtractionOptions(FrameSelection(SelectionKind.SCENE_CHANGE, share)))).times
        for share in (0.0, 0.2, 1.0)
    }
    assert found[0.2] == [0, 1.2, 3.04, 5.48, 7.48, 9.68]
    assert found[1.0] == [0]
    assert len(found[0.0]) > 200


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (FrameSelection(), [2.48, 3.48, 4.48, 5.48, 6.48]),
        (every_nth(50), [2.48, 4.48, 6.48]),
        (so_many(2), [2.48, 4.84]),
        (at(1, 3, 7, 7.5), [3, 7]),
        (KEY_PICTURES, [3.04, 5.48]),
    ],
)
async def test_a_part_of_a_video_bears_the_times_of_the_whole(
    clips: Clips, select: FrameSelection, expected: list[float]
):
    taken = await take(clips.bikes, ExtractionOptions(select, start_seconds=2.5, end_seconds=7.2))
    assert taken.times == pytest.approx(expected, abs=0.001)


async def test_a_start_behind_the_end_is_said_plainly(clips: Clips):
    for image_format in ImageFormat:
        options = ExtractionOptions(format=image_format, start_seconds=11)
        code, sentence = await refusal_of(clips.bikes, options)
        assert code is FailureCode.NO_FRAMES
        assert "start is later" in sentence


async def test_a_picture_that_changes_its_size_on_the_way_neither_ends_nor_repeats(clips: Clips):
    taken = await take(clips.changing_size, ExtractionOptions(format=PNG))
    assert taken.times == [0, 1, 2, 3]
    assert sizes(taken) == {(160, 120), (320, 180)}


async def test_a_turned_picture_that_shrinks_on_the_way_never_shows_what_was_beside_it_in_memory(clips: Clips):
    """ffmpeg's rotation reads beyond a picture that has become smaller, unless it is set up anew."""
    frames = (await take(clips.rotated_and_shrinking, at(1, 3))).frames
    assert [(frame.width, frame.height) for frame in frames] == [(180, 320), (120, 160)]
    for frame, shown in zip(frames, ("lt(t,1.001)*gte(t,0.999)", "gte(t,2.999)"), strict=True):
        only = ("-vf", f"select='{shown}',{TINY}", "-frames:v", "1")
        plain = ffmpeg_bytes("-i", clips.rotated_and_shrinking, *only, "-f", "rawvideo", "-")
        assert max(abs(a - b) for a, b in zip(decoded([frame.data], PNG, TINY), plain, strict=True)) <= 16


TINY = "scale=12:16:flags=area:out_range=full,format=gray"


def ffmpeg_bytes(*arguments: str | Path) -> bytes:
    command = [FFMPEG, "-v", "error", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


# ---------------------------------------------------------------- how they look


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (None, None, (640, 272)),
        (320, None, (320, 136)),
        (None, 100, (235, 100)),
        (200, 20, (47, 20)),
        (4000, 4000, (640, 272)),
    ],
)
async def test_pictures_are_scaled_down_never_up_and_keep_their_shape(
    clips: Clips, width: int | None, height: int | None, expected: tuple[int, int]
):
    assert sizes(await take(clips.bikes, ExtractionOptions(so_many(1), PNG, max_width=width, max_height=height))) == {
        expected
    }


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.WEBP])
async def test_more_quality_is_more_bytes(clips: Clips, image_format: ImageFormat):
    found = []
    for quality in (1, 20, 50, 75, 90, 100):
        taken = await take(clips.carphone, ExtractionOptions(format=image_format, quality=quality))
        found.append(sum(len(frame.data) for frame in taken.frames))
    assert found == sorted(set(found))


async def test_webp_pictures_are_whole(clips: Clips):
    taken = await take(clips.bikes, ExtractionOptions(format=ImageFormat.WEBP))
    assert len(taken.frames) == 10
    for frame in taken.frames:
        assert (frame.data[:4], frame.data[8:12]) == (b"RIFF", b"WEBP")
        assert int.from_bytes(frame.data[4:8], "little") + 8 == len(frame.data)


# ---------------------------------------------------------------- progress


async def test_progress_never_falls_and_ends_at_a_hundred_only_after_the_last_picture(clips: Clips):
    async with EXTRACTOR.open(clips.bikes, ExtractionOptions()) as (_, extraction):
        seen = [extraction.progress]
        taken = 0
        async for frame in extraction:
            taken += len(frame.instants)
            seen.append(extraction.progress)
            assert extraction.progress.frames_extracted == taken
        assert extraction.progress == Progress(100.0, 10, 10)
    percents = [progress.percent for progress in seen]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert percents[-1] < 100


# ---------------------------------------------------------------- limits


SCENES = FrameSelection(SelectionKind.SCENE_CHANGE, 0.4)


@pytest.mark.parametrize(
    ("limits", "select", "code"),
    [
        (limited(max_frames_per_video=9), FrameSelection(), FailureCode.TOO_MANY_FRAMES),
        (limited(max_frames_per_video=5), KEY_PICTURES, FailureCode.TOO_MANY_FRAMES),
        (limited(max_frames_per_video=249), EVERY_PICTURE, FailureCode.TOO_MANY_FRAMES),
        (limited(max_duration_seconds=9), FrameSelection(), FailureCode.TOO_LONG),
        (limited(max_pixels=640 * 272 - 1), FrameSelection(), FailureCode.TOO_LARGE_PICTURE),
        (limited(extraction_timeout_seconds=0.001), FrameSelection(), FailureCode.TIMED_OUT),
        (limited(max_decoded_pixels=640 * 272 * 250 - 1), EVERY_PICTURE, FailureCode.TOO_MUCH_TO_DECODE),
        (
            limited(max_decoded_pixels=640 * 272 * 250 - 1),
            FrameSelection(SelectionKind.SCENE_CHANGE, 0.4),
            FailureCode.TOO_MUCH_TO_DECODE,
        ),
    ],
)
async def test_each_limit_has_its_own_code(clips: Clips, limits: Limits, select: FrameSelection, code: FailureCode):
    assert await failure_of(clips.bikes, ExtractionOptions(select), FfmpegFrameExtractor(limits)) is code


async def test_only_what_must_be_decoded_of_a_film_counts(clips: Clips):
    limits = limited(max_decoded_pixels=640 * 272 * 249)
    few = await take(clips.bikes, ExtractionOptions(KEY_PICTURES), FfmpegFrameExtractor(limits))
    assert len(few.frames) == 6
    exactly = FfmpegFrameExtractor(limited(max_decoded_pixels=640 * 272 * 250))
    assert len((await take(clips.bikes, ExtractionOptions(EVERY_PICTURE), exactly)).frames) == 250


async def test_exactly_as_many_frames_as_are_allowed_pass(clips: Clips):
    for most, select in ((10, FrameSelection()), (6, KEY_PICTURES)):
        extractor = FfmpegFrameExtractor(limited(max_frames_per_video=most))
        assert len((await take(clips.bikes, ExtractionOptions(select), extractor)).frames) == most


async def test_a_video_that_needs_too_much_memory_says_so(clips: Clips):
    limits = limited(extraction_memory_bytes=320 * 1024**2)
    assert await failure_of(clips.big_buck_bunny, extractor=FfmpegFrameExtractor(limits)) is FailureCode.OUT_OF_MEMORY


async def test_a_slow_consumer_does_not_use_up_the_time(clips: Clips):
    extractor = FfmpegFrameExtractor(limited(extraction_timeout_seconds=6))
    began = time.monotonic()
    async with extractor.open(clips.bikes, ExtractionOptions(so_many(8))) as (_, extraction):
        async for _frame in extraction:
            await asyncio.sleep(0.9)
        assert time.monotonic() - began > 6
        assert extraction.progress.percent == 100
