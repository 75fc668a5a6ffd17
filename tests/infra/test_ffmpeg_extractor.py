import asyncio
import os
import struct
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import MediaInfo, Progress
from app.infra.ffmpeg.arguments import jpeg_scale
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from app.usecases.ports import Frame
from tests.clips import Clips, ffmpeg

LIMITS = Limits(
    max_duration_seconds=6 * 3600,
    max_frames=100_000,
    max_pixels=35_651_584,
    timeout_seconds=120,
    memory_bytes=4 * 1024**3,
)
EXTRACTOR = FfmpegFrameExtractor(LIMITS)
EVERY_FRAME = FrameSelection(SelectionKind.EVERY_NTH_FRAME, 1)


async def frames_of(
    source: Path, options: ExtractionOptions | None = None, extractor: FfmpegFrameExtractor = EXTRACTOR
) -> list[Frame]:
    options = options or ExtractionOptions()
    media = await extractor.probe(source)
    async with extractor.extract(source, media, options) as extraction:
        return [frame async for frame in extraction]


async def failure_of(
    source: Path, options: ExtractionOptions | None = None, extractor: FfmpegFrameExtractor = EXTRACTOR
) -> FailureCode:
    with pytest.raises(ProcessingError) as caught:
        await frames_of(source, options, extractor)
    return caught.value.failure


def times(frames: list[Frame]) -> list[float]:
    return [round(frame.time_seconds, 3) for frame in frames]


def instants(source: Path) -> list[float]:
    """Ask plain ffmpeg when each frame of the source is shown."""
    lines = ffmpeg(
        "-i", source, "-map", "0:V:0", "-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-f", "framecrc", "-"
    )
    return [int(line.split(",")[2]) / 90_000 for line in lines.splitlines() if not line.startswith("#")]


def size(frame: Frame) -> tuple[int, int]:
    """Read a PNG's size from its header."""
    width, height = struct.unpack(">II", frame.data[16:24])
    return width, height


def jpeg_size(path: Path) -> tuple[int, int]:
    dimensions = next(line for line in ffmpeg("-i", path, "-f", "framecrc", "-").splitlines() if "dimensions" in line)
    width, _, height = dimensions.rpartition(" ")[2].partition("x")
    return int(width), int(height)


# ---------------------------------------------------------------- what a file is


async def test_a_probe_tells_what_is_in_a_real_recording(clips: Clips, samples: Path):
    assert await EXTRACTOR.probe(samples / "bikes.mp4") == MediaInfo(10.0, 640, 272, "h264", 25.0)
    assert await EXTRACTOR.probe(clips.big_buck_bunny) == MediaInfo(5.31, 1280, 720, "h264", 25.0)
    assert await EXTRACTOR.probe(clips.carphone) == MediaInfo(4.0, 176, 144, "h264", 29.97)


async def test_every_accepted_container_is_read(clips: Clips):
    found = {}
    for clip in (clips.mpeg4_avi, clips.mov, clips.matroska, clips.webm_without_duration):
        found[(await EXTRACTOR.probe(clip)).codec] = len(await frames_of(clip))
    assert found == {"mpeg4": 3, "prores": 3, "h264": 3, "vp8": 3}


async def test_a_duration_that_no_header_tells_is_measured(clips: Clips):
    assert (await EXTRACTOR.probe(clips.webm_without_duration)).duration_seconds == pytest.approx(3.0, abs=0.05)


async def test_a_rotated_phone_video_is_upright(clips: Clips):
    media = await EXTRACTOR.probe(clips.rotated)
    assert (media.width, media.height) == (120, 160)
    frames = await frames_of(clips.rotated, ExtractionOptions(format=ImageFormat.PNG))
    assert {size(frame) for frame in frames} == {(120, 160)}


# ---------------------------------------------------------------- which frames


async def test_one_frame_a_second_from_the_first_on(clips: Clips):
    frames = await frames_of(clips.bikes)
    assert [frame.index for frame in frames] == list(range(1, 11))
    assert times(frames) == [float(n) for n in range(10)]
    assert all(frame.data.startswith(b"\xff\xd8") and frame.data.endswith(b"\xff\xd9") for frame in frames)


async def test_each_frame_bears_the_instant_at_which_the_source_shows_it(clips: Clips):
    found: list[float] = []
    for clip in (clips.carphone, clips.variable_rate):
        shown = instants(clip)
        found = times(await frames_of(clip))
        expected = [max(at for at in shown if at <= second + 0.0006) for second in range(len(found))]
        assert found == pytest.approx(expected, abs=0.0011)
    assert found != [float(n) for n in range(len(found))]  # Such a clip would prove nothing.


@pytest.mark.parametrize("image_format", [ImageFormat.PNG, ImageFormat.JPEG])
async def test_the_frames_are_those_of_plain_ffmpeg(clips: Clips, tmp_path: Path, image_format: ImageFormat):
    """To the byte: neither the contact sheet nor the limits change a picture."""
    encoder = {"PNG": ["-c:v", "png", "-compression_level", "1"], "JPEG": ["-c:v", "mjpeg", "-q:v", "2"]}[image_format]
    for clip in (clips.bikes, clips.big_buck_bunny, clips.carphone):
        ffmpeg(
            "-i", clip, "-vf", "fps=1:round=up", *encoder, "-flags:v", "+bitexact", tmp_path / f"{clip.stem}_%03d.pic"
        )
        plain = [path.read_bytes() for path in sorted(tmp_path.glob(f"{clip.stem}_*.pic"))]
        ours = [frame.data for frame in await frames_of(clip, ExtractionOptions(format=image_format))]
        assert ours == plain


async def test_a_clip_shorter_than_the_interval_gives_its_first_frame(clips: Clips):
    assert times(await frames_of(clips.short)) == [0.0]
    assert times(await frames_of(clips.late_picture)) == pytest.approx([0.3], abs=0.05)


async def test_one_frame_every_three_seconds(clips: Clips):
    options = ExtractionOptions(FrameSelection(SelectionKind.EVERY_SECONDS, 3))
    assert times(await frames_of(clips.bikes, options)) == [0, 3, 6, 9]


async def test_every_nth_frame(clips: Clips):
    options = ExtractionOptions(FrameSelection(SelectionKind.EVERY_NTH_FRAME, 7))
    shown = instants(clips.carphone)
    assert len(shown) == 120
    assert times(await frames_of(clips.carphone, options)) == pytest.approx(shown[::7], abs=0.001)


@pytest.mark.parametrize("count", [1, 7, 249, 250, 400])
async def test_so_many_frames_evenly_spread_and_never_the_same_twice(clips: Clips, count: int):
    frames = times(await frames_of(clips.bikes, ExtractionOptions(FrameSelection(SelectionKind.COUNT, count))))
    assert len(frames) == min(count, 250)
    gaps = [b - a for a, b in pairwise(frames)]
    assert all(gap == pytest.approx(10 / len(frames), abs=0.041) for gap in gaps)


async def test_a_count_for_a_clip_whose_header_tells_no_duration(clips: Clips):
    options = ExtractionOptions(FrameSelection(SelectionKind.COUNT, 5))
    assert len(await frames_of(clips.webm_without_duration, options)) == 5


async def test_the_frames_at_given_times_are_the_first_not_earlier(clips: Clips):
    select = FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(0, 0.03, 1.3, 5, 9.99, 12))
    assert times(await frames_of(clips.bikes, ExtractionOptions(select))) == [0, 0.04, 1.32, 5, 9.96]
    late = FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(12,))
    assert await failure_of(clips.bikes, ExtractionOptions(late)) is FailureCode.NO_FRAMES


async def test_keyframes_only(clips: Clips):
    options = ExtractionOptions(FrameSelection(SelectionKind.KEYFRAMES_ONLY))
    assert times(await frames_of(clips.bikes, options)) == [0, 1.2, 3.04, 5.48, 7.48, 9.68]


async def test_scene_changes_with_the_first_frame(clips: Clips):
    at = {}
    for share in (0.0, 0.2, 1.0):
        options = ExtractionOptions(FrameSelection(SelectionKind.SCENE_CHANGE, share))
        at[share] = times(await frames_of(clips.bikes, options))
    assert at[0.2] == [0, 1.2, 3.04, 5.48, 7.48, 9.68]
    assert at[1.0] == [0]
    assert len(at[0.0]) > 200


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (FrameSelection(), [2.52, 3.48, 4.48, 5.48, 6.48]),
        (FrameSelection(SelectionKind.EVERY_NTH_FRAME, 50), [2.52, 4.52, 6.52]),
        (FrameSelection(SelectionKind.COUNT, 2), [2.52, 4.88]),
        (FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(1, 3, 7, 7.5)), [3, 7]),
        (FrameSelection(SelectionKind.KEYFRAMES_ONLY), [3.04, 5.48]),
    ],
)
async def test_a_part_of_a_video_bears_the_times_of_the_whole(
    clips: Clips, select: FrameSelection, expected: list[float]
):
    options = ExtractionOptions(select, start_seconds=2.51, end_seconds=7.2)
    assert times(await frames_of(clips.bikes, options)) == pytest.approx(expected, abs=0.001)


async def test_a_start_behind_the_end_is_said_plainly(clips: Clips):
    media = await EXTRACTOR.probe(clips.bikes)
    with pytest.raises(ProcessingError, match="start is later") as caught:
        async with EXTRACTOR.extract(clips.bikes, media, ExtractionOptions(start_seconds=11)):
            pass
    assert caught.value.failure is FailureCode.NO_FRAMES


async def test_a_picture_that_changes_its_size_on_the_way_neither_ends_nor_repeats(clips: Clips):
    options = ExtractionOptions(format=ImageFormat.PNG)
    frames = await frames_of(clips.changing_size, options)
    assert times(frames) == [0, 1, 2, 3]
    assert {size(frame) for frame in frames} == {(160, 120)}


async def test_a_turned_picture_that_shrinks_on_the_way_never_shows_what_was_beside_it_in_memory(
    clips: Clips, tmp_path: Path
):
    """ffmpeg's rotation reads beyond a picture that has become smaller, unless it is set up anew."""
    assert await failure_of(clips.rotated_and_shrinking) is FailureCode.CORRUPT_VIDEO
    options = ExtractionOptions(FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(3.0,)), ImageFormat.PNG)
    (frame,) = await frames_of(clips.rotated_and_shrinking, options)
    plain = tmp_path / "plain.png"
    ffmpeg(
        "-i", clips.rotated_and_shrinking, "-vf", "select='gte(t,2.999)'", "-frames:v", "1",
        "-compression_level", "1", "-flags:v", "+bitexact", plain,
    )  # fmt: skip
    assert frame.data == plain.read_bytes()


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
    options = ExtractionOptions(
        FrameSelection(SelectionKind.COUNT, 1), ImageFormat.PNG, max_width=width, max_height=height
    )
    assert [size(frame) for frame in await frames_of(clips.bikes, options)] == [expected]


@pytest.mark.parametrize("image_format", [ImageFormat.JPEG, ImageFormat.WEBP])
async def test_more_quality_is_more_bytes(clips: Clips, image_format: ImageFormat):
    sizes = []
    for quality in (1, 20, 50, 75, 90, 100):
        frames = await frames_of(clips.carphone, ExtractionOptions(format=image_format, quality=quality))
        sizes.append(sum(len(frame.data) for frame in frames))
    assert sizes == sorted(set(sizes))


def test_the_usual_jpeg_qualities_become_mjpegs_scale():
    assert [jpeg_scale(quality) for quality in (100, 90, 75, 50, 25, 1)] == [1, 2, 5, 10, 19, 31]
    assert all(jpeg_scale(a) >= jpeg_scale(a + 1) for a in range(1, 100))


async def test_webp_pictures_are_whole(clips: Clips):
    frames = await frames_of(clips.bikes, ExtractionOptions(format=ImageFormat.WEBP))
    assert len(frames) == 10
    for frame in frames:
        assert (frame.data[:4], frame.data[8:12]) == (b"RIFF", b"WEBP")
        assert int.from_bytes(frame.data[4:8], "little") + 8 == len(frame.data)


# ---------------------------------------------------------------- progress, contact sheet


async def test_progress_never_falls_and_ends_at_a_hundred_only_after_the_judgement(clips: Clips):
    media = await EXTRACTOR.probe(clips.bikes)
    async with EXTRACTOR.extract(clips.bikes, media, ExtractionOptions()) as extraction:
        seen = [extraction.progress]
        early = [extraction.contact_sheet]
        async for frame in extraction:
            seen.append(extraction.progress)
            assert extraction.progress.frames_extracted == frame.index
        assert extraction.progress == Progress(100.0, 10, 10)
        assert extraction.contact_sheet
    assert early == [None]
    assert [p.percent for p in seen] == pytest.approx([0, *range(0, 100, 10)])


async def test_the_contact_sheet_is_one_small_jpeg(clips: Clips, tmp_path: Path):
    for clip in (clips.bikes, clips.short, clips.changing_size, clips.rotated):
        media = await EXTRACTOR.probe(clip)
        async with EXTRACTOR.extract(clip, media, ExtractionOptions()) as extraction:
            async for _ in extraction:
                pass
            sheet = extraction.contact_sheet
        assert sheet
        assert sheet.startswith(b"\xff\xd8")
        assert sheet.count(b"\xff\xd8\xff") == 1
        (tmp_path / "sheet.jpg").write_bytes(sheet)
        seen = jpeg_size(tmp_path / "sheet.jpg")
        tile = min(1, 320 / max(media.width, media.height))
        assert seen == (4 * round(media.width * tile), 3 * round(media.height * tile))


# ---------------------------------------------------------------- nothing to see, damaged, hostile


@pytest.mark.parametrize("image_format", ImageFormat)
async def test_a_part_without_a_single_frame_says_so(clips: Clips, image_format: ImageFormat):
    media = replace(await EXTRACTOR.probe(clips.bikes), duration_seconds=None)
    options = ExtractionOptions(format=image_format, start_seconds=11)
    with pytest.raises(ProcessingError) as caught:
        async with EXTRACTOR.extract(clips.bikes, media, options) as extraction:
            assert not [frame async for frame in extraction]
    assert caught.value.failure is FailureCode.NO_FRAMES


@pytest.mark.parametrize(
    ("clip", "code"),
    [
        ("text", FailureCode.UNSUPPORTED_FORMAT),
        ("sound_only", FailureCode.NO_VIDEO_STREAM),
        ("cover_only", FailureCode.NO_VIDEO_STREAM),
        ("flipped_bits", FailureCode.CORRUPT_VIDEO),
        ("avi_cut_between_frames", FailureCode.CORRUPT_VIDEO),
        ("gap", FailureCode.TOO_LONG),
        ("gap_that_lies", FailureCode.TOO_LONG),
        ("long_frame_that_lies", FailureCode.TOO_LONG),
        ("vast_picture", FailureCode.TOO_LARGE_PICTURE),
        ("vast_picture_that_lies", FailureCode.TOO_LARGE_PICTURE),
    ],
)
async def test_a_bad_file_ends_soon_with_its_own_code(clips: Clips, clip: str, code: FailureCode):
    source = getattr(clips, clip)
    async with asyncio.timeout(60):
        assert await failure_of(source) is code


@pytest.mark.parametrize("clip", ["fast_start", "bikes", "mpeg4_avi", "matroska", "webm_without_duration", "mov"])
async def test_an_upload_that_broke_off_is_never_taken_for_whole(clips: Clips, clip: str):
    whole: Path = getattr(clips, clip)
    for share in (0.35, 0.6, 0.97):
        assert await failure_of(clips.cut(whole, share)) is FailureCode.CORRUPT_VIDEO


@pytest.mark.parametrize(
    "select", [SelectionKind.EVERY_NTH_FRAME, SelectionKind.SCENE_CHANGE, SelectionKind.TIMESTAMPS]
)
async def test_a_video_longer_than_it_says_is_found_out_whatever_is_selected(clips: Clips, select: SelectionKind):
    options = ExtractionOptions(FrameSelection(select, timestamps=(0.0,) if select is SelectionKind.TIMESTAMPS else ()))
    assert await failure_of(clips.gap_that_lies, options) is FailureCode.TOO_LONG


async def test_a_gap_in_the_asked_part_is_filled_to_its_end_only(clips: Clips):
    assert times(await frames_of(clips.gap_that_lies, ExtractionOptions(end_seconds=4.0))) == [0, 0, 0, 0]


async def test_no_other_file_is_read_and_no_connection_made(clips: Clips):
    connections: list[object] = []

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        outside = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/video.mp4"
        neighbour = clips.short
        for disguise, target in (
            (clips.playlist, outside),
            (clips.playlist, f"file://{neighbour}"),
            (clips.playlist, neighbour.name),
            (clips.concatenation, neighbour.name),
            (clips.concatenation, str(neighbour)),
            (clips.dash, outside),
            (clips.dash, neighbour.name),
        ):
            assert await failure_of(disguise(target)) is FailureCode.UNSUPPORTED_FORMAT
    assert not connections


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("limits", "select", "code"),
    [
        (replace(LIMITS, max_frames=9), FrameSelection(), FailureCode.TOO_MANY_FRAMES),
        (replace(LIMITS, max_frames=5), FrameSelection(SelectionKind.KEYFRAMES_ONLY), FailureCode.TOO_MANY_FRAMES),
        (replace(LIMITS, max_duration_seconds=9), FrameSelection(), FailureCode.TOO_LONG),
        (replace(LIMITS, max_pixels=640 * 272 - 1), FrameSelection(), FailureCode.TOO_LARGE_PICTURE),
        (replace(LIMITS, timeout_seconds=0.001), FrameSelection(), FailureCode.TIMED_OUT),
    ],
)
async def test_each_limit_has_its_own_code(clips: Clips, limits: Limits, select: FrameSelection, code: FailureCode):
    assert await failure_of(clips.bikes, ExtractionOptions(select), FfmpegFrameExtractor(limits)) is code


async def test_exactly_as_many_frames_as_are_allowed_pass(clips: Clips):
    for limits, select, count in (
        (replace(LIMITS, max_frames=10), FrameSelection(), 10),
        (replace(LIMITS, max_frames=6), FrameSelection(SelectionKind.KEYFRAMES_ONLY), 6),
    ):
        assert len(await frames_of(clips.bikes, ExtractionOptions(select), FfmpegFrameExtractor(limits))) == count


async def test_too_many_frames_are_noticed_where_no_header_foretold_them(clips: Clips):
    """The child is stopped at the first frame too many."""
    limits = replace(LIMITS, max_frames=20)
    media = replace(await EXTRACTOR.probe(clips.bikes), duration_seconds=None)
    seen = []

    async def take() -> None:
        extractor = FfmpegFrameExtractor(limits)
        async with extractor.extract(clips.bikes, media, ExtractionOptions(EVERY_FRAME)) as extraction:
            async for _ in extraction:
                seen.append(extraction.progress.frames_extracted)  # noqa: PERF401 - must be kept when it breaks off

    with pytest.raises(ProcessingError) as caught:
        await take()
    assert caught.value.failure is FailureCode.TOO_MANY_FRAMES
    assert seen == list(range(1, 21))


async def test_a_video_that_needs_too_much_memory_says_so(clips: Clips):
    limits = replace(LIMITS, memory_bytes=320 * 1024**2)
    assert await failure_of(clips.big_buck_bunny, extractor=FfmpegFrameExtractor(limits)) is FailureCode.OUT_OF_MEMORY


async def test_a_slow_consumer_does_not_use_up_the_time(clips: Clips):
    extractor = FfmpegFrameExtractor(replace(LIMITS, timeout_seconds=6))
    media = await extractor.probe(clips.bikes)
    options = ExtractionOptions(FrameSelection(SelectionKind.COUNT, 8))
    began = time.monotonic()
    async with extractor.extract(clips.bikes, media, options) as extraction:
        async for _ in extraction:
            await asyncio.sleep(0.9)
    assert time.monotonic() - began > 6
    assert extraction.progress.percent == 100


# ---------------------------------------------------------------- the child


def children() -> set[int]:
    """Give our child processes that run ffmpeg, or are about to."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == os.getpid():
                found.add(int(folder.name))
    return found


async def test_leaving_in_mid_stream_leaves_no_child(clips: Clips):
    before = children()
    media = await EXTRACTOR.probe(clips.bikes)
    async with EXTRACTOR.extract(clips.bikes, media, ExtractionOptions(EVERY_FRAME)) as extraction:
        async for frame in extraction:
            assert len(children() - before) == 1
            if frame.index == 3:
                break
    assert children() <= before


async def test_a_canceled_consumer_leaves_no_child(clips: Clips):
    before = children()
    media = await EXTRACTOR.probe(clips.bikes)
    first = asyncio.Event()

    async def consume() -> None:
        async with EXTRACTOR.extract(clips.bikes, media, ExtractionOptions(EVERY_FRAME)) as extraction:
            async for _ in extraction:
                first.set()
                await asyncio.sleep(0)

    task = asyncio.create_task(consume())
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() <= before


async def test_the_decoder_stands_still_while_nobody_takes_its_frames(clips: Clips):
    before = children()
    media = await EXTRACTOR.probe(clips.bikes)
    options = ExtractionOptions(EVERY_FRAME, ImageFormat.PNG)
    async with EXTRACTOR.extract(clips.bikes, media, options) as extraction:
        frames = aiter(extraction)
        await anext(frames)
        (decoder,) = children() - before
        spent = -1
        async with asyncio.timeout(30):
            while (now := cpu_ticks(decoder)) != spent:
                spent = now
                await asyncio.sleep(0.5)
        assert extraction.progress.frames_extracted == 1
        assert 1 + sum([1 async for _ in frames]) == 250
        assert extraction.progress.percent == 100


def cpu_ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    assert fields[0] != "Z"
    return int(fields[11]) + int(fields[12])


async def test_nothing_is_written_beside_the_source(clips: Clips, tmp_path: Path):
    source = tmp_path / "a name with spaces %03d.mp4"
    source.write_bytes(clips.bikes.read_bytes())
    assert len(await frames_of(source)) == 10
    assert [path.name for path in tmp_path.iterdir()] == [source.name]
