import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from arq import Retry
from structlog.testing import capture_logs

from app.domain.audit import Operator
from app.domain.errors import ProcessingError, StorageError
from app.domain.failure import NO_ROOM, Failure, FailureCode
from app.domain.manifest import Reading
from app.domain.options import ExtractionOptions
from app.domain.video import MediaInfo, ProcessingStatus, VideoId, VideoProcessing
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.worker_metrics import WorkerMetrics
from app.usecases.ports.frames import Extraction, FrameExtractor
from app.usecases.upload_video import IncomingVideo
from jobs.process_video import process_video
from tests.extracting import limited
from tests.fakes.extractor import FILM, ScriptedExtractor, a_frame, a_reading
from tests.fakes.live_status import InMemoryLiveStatus
from tests.parts.waiting import until
from tests.usecases.world import World, chunks

LIMITS = limited(max_duration_seconds=600, max_frames_per_video=1000, extraction_timeout_seconds=60)


class BrokenExtractor:
    """An extractor with a bug, or one that never comes to an end, or whose machine has another fault."""

    def __init__(self, fault: Exception | None = None, *, hangs: bool = False) -> None:
        self._fault = fault or RuntimeError("a bug")
        self.began = asyncio.Event()
        self._hangs = hangs

    @asynccontextmanager
    async def open(self, source: Path, options: ExtractionOptions) -> AsyncIterator[tuple[MediaInfo, Extraction]]:
        await self._inspect()
        yield await asyncio.Future()

    async def _inspect(self) -> None:
        self.began.set()
        if self._hangs:
            await asyncio.Event().wait()
        raise self._fault


def ctx(
    world: World,
    tmp_path: Path,
    extractor: FrameExtractor | None = None,
    metrics: WorkerMetrics | None = None,
    **settings: Any,
) -> dict[str, Any]:
    decoder, settings = extractor or FfmpegFrameExtractor(LIMITS), {"max_transient_failures": 3, **settings}
    return {"attempt_video": world.attempt_video(decoder, tmp_path / "work", metrics, **settings)}


async def uploaded_file(world: World, path: Path) -> VideoId:
    upload = IncomingVideo(path.name, None, chunks(path.read_bytes()))
    return (await world.upload_video(2**30)(await world.user(), upload, ExtractionOptions())).id


async def code(world: World, video: VideoId) -> FailureCode | None:
    row = await world.row(video)
    assert row.status is ProcessingStatus.FAILED
    return row.failure.code if row.failure else None


async def test_a_recording_becomes_a_whole_zip_and_a_second_delivery_changes_nothing(
    world: World, tmp_path: Path, samples: Path
):
    video = await uploaded_file(world, samples / "bikes.mp4")
    await process_video(ctx(world, tmp_path), video)
    row = await world.row(video)
    assert row.archive is not None
    assert row.status is ProcessingStatus.COMPLETED
    with zipfile.ZipFile(io.BytesIO(world.storage.objects[row.archive.key].data)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == row.archive.frame_count + 1 == 11
        await process_video(ctx(world, tmp_path), video)
    assert await world.row(video) == row
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        (a_reading(packets=75, packets_decoded=3), ("planned", None, 75, 3)),
        (a_reading(packets=75, packets_decoded=75, whole="no times"), ("whole", "no times", 75, 75)),
    ],
)
async def test_operators_see_how_much_was_decoded_and_why(
    world: World, tmp_path: Path, samples: Path, reading: Reading, told: tuple[object, ...]
):
    video = await uploaded_file(world, samples / "bikes.mp4")
    still = a_frame(0, b"a picture", 0.0, 1.0, 2.0)
    with capture_logs() as lines:
        await process_video(ctx(world, tmp_path, ScriptedExtractor([still], reading)), video)
    completed = next(line for line in lines if line["event"] == "attempt completed")
    assert tuple(completed[name] for name in ("decoding", "why", "packets", "packets_decoded")) == told
    assert completed["frames"] == 3
    row = await world.row(video)
    assert (row.status, row.progress.frames_extracted, row.media) == (ProcessingStatus.COMPLETED, 3, FILM)


async def test_a_delivery_that_meets_a_live_lease_comes_back_when_it_ends(world: World, tmp_path: Path, samples: Path):
    video = await uploaded_file(world, samples / "bikes.mp4")
    await world.claimed(video)
    with pytest.raises(Retry) as later:
        await process_video(ctx(world, tmp_path), video)
    assert later.value.defer_score == 15_100


async def test_a_storage_that_is_away_is_tried_again_and_no_attempt_is_lost(
    world: World, tmp_path: Path, samples: Path
):
    video = await uploaded_file(world, samples / "bikes.mp4")
    world.storage.away = True
    with pytest.raises(Retry) as later:
        await process_video(ctx(world, tmp_path), video)
    assert later.value.defer_score == 2_100
    world.storage.away = False
    world.clock.advance(2.1)
    await process_video(ctx(world, tmp_path), video)
    lease = await world.transactions.read(lambda t: t.videos.lease(video))
    assert lease is not None
    assert (lease.video.status, lease.lost_attempts) == (ProcessingStatus.COMPLETED, 0)


def lets_the_database_go(world: World, failure: Exception | None) -> ScriptedExtractor:
    """Give a film that comes to its end just when the database goes away."""

    def go_away() -> None:
        world.transactions.away = True

    return ScriptedExtractor([a_frame(0, b"a picture")], failure=failure, then=go_away)


@pytest.mark.parametrize("failure", [None, ProcessingError(FailureCode.CORRUPT_VIDEO)], ids=["completed", "failed"])
@pytest.mark.parametrize("seconds", [1, 40], ids=["within the lease", "past the lease"])
async def test_an_end_waits_for_a_database_that_is_away_and_is_then_the_truth(
    world: World, tmp_path: Path, failure: ProcessingError | None, seconds: float
):
    video = (await world.uploaded(await world.user())).id
    with capture_logs() as lines:
        job = asyncio.create_task(process_video(ctx(world, tmp_path, lets_the_database_go(world, failure)), video))
        await until(lambda: [line for line in lines if line["event"] == "the attempt's end waits for the database"])
        world.clock.advance(seconds)
        world.transactions.away = False
        async with asyncio.timeout(10):
            await job
    row = await world.row(video)
    assert (row.attempt, row.failure and row.failure.code) == (1, failure and failure.failure)
    assert row.status is (ProcessingStatus.FAILED if failure else ProcessingStatus.COMPLETED)
    assert world.queue.notifications == 1


async def test_a_fault_is_given_back_even_where_the_database_was_away_too(world: World, tmp_path: Path):
    video = (await world.uploaded(await world.user())).id
    with capture_logs() as lines:
        extractor = lets_the_database_go(world, StorageError())
        job = asyncio.create_task(process_video(ctx(world, tmp_path, extractor), video))
        await until(lambda: [line for line in lines if line["event"] == "the attempt's end waits for the database"])
        world.transactions.away = False
        with pytest.raises(Retry):
            await job
    lease = await world.transactions.read(lambda t: t.videos.lease(video))
    assert lease is not None
    assert (lease.released, lease.lost_attempts) == (True, 0)


async def test_a_source_that_is_gone_is_a_failure_at_once(world: World, tmp_path: Path, samples: Path):
    video = await uploaded_file(world, samples / "bikes.mp4")
    world.storage.objects.clear()
    await process_video(ctx(world, tmp_path), video)
    assert await code(world, video) is FailureCode.SOURCE_MISSING


async def test_a_zip_beyond_the_limit_is_a_failure_and_is_not_kept(world: World, tmp_path: Path, samples: Path):
    video = await uploaded_file(world, samples / "bikes.mp4")
    await process_video(ctx(world, tmp_path, max_output_bytes=100_000), video)
    assert await code(world, video) is FailureCode.OUTPUT_TOO_LARGE
    assert [key for key in world.storage.objects if key.startswith("results/")] == []


async def test_a_zip_for_which_its_owner_has_no_room_left_is_a_failure_that_says_so_and_is_not_kept(
    world: World, tmp_path: Path, samples: Path
):
    path = samples / "bikes.mp4"
    for room, kept in (100_000, False), (100_000_000, True):
        video = await uploaded_file(world, path)
        world.max_stored = path.stat().st_size + room
        await process_video(ctx(world, tmp_path), video)
        row, world.max_stored = await world.row(video), None
        if kept:
            assert row.archive is not None
        else:
            assert row.failure == Failure(FailureCode.OUTPUT_TOO_LARGE, NO_ROOM)
            assert [key for key in world.storage.objects if key.startswith("results/")] == []


async def test_a_bug_is_tried_three_times_in_two_workers_and_then_admitted(world: World, tmp_path: Path, samples: Path):
    video = await uploaded_file(world, samples / "bikes.mp4")
    for _ in range(2):
        with pytest.raises(Retry):
            await process_video(ctx(world, tmp_path, BrokenExtractor()), video)
        world.clock.advance(60)
    await process_video(ctx(world, tmp_path, BrokenExtractor()), video)
    assert await code(world, video) is FailureCode.INTERNAL
    events = await world.transactions.read(lambda t: t.events.log(video))
    assert [event.said for event in events if event.said] == 3 * ["RuntimeError('a bug')"]


async def test_a_shutdown_gives_the_video_back_at_once(world: World, tmp_path: Path, samples: Path):
    video = await uploaded_file(world, samples / "bikes.mp4")
    extractor = BrokenExtractor(hangs=True)
    job = asyncio.create_task(process_video(ctx(world, tmp_path, extractor), video))
    await extractor.began.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    world.clock.advance(0.001)
    assert (await world.claimed(video)).video.attempt == 2
    assert list((tmp_path / "work").iterdir()) == []


async def test_a_video_that_is_canceled_is_let_go_of_at_the_next_beat(world: World, tmp_path: Path, samples: Path):
    video = await uploaded_file(world, samples / "bikes.mp4")
    extractor = BrokenExtractor(hangs=True)
    job = asyncio.create_task(process_video(ctx(world, tmp_path, extractor), video))
    await extractor.began.wait()
    row = await world.row(video)
    assert await world.mark_failed(row, Failure(FailureCode.CANCELED, FailureCode.CANCELED.reason))
    world.clock.advance(6)
    async with asyncio.timeout(10):
        await job
    assert await code(world, video) is FailureCode.CANCELED


async def test_a_video_that_an_operator_takes_from_its_attempt_is_let_go_of_and_begun_anew(
    world: World, tmp_path: Path, samples: Path
):
    video = await uploaded_file(world, samples / "bikes.mp4")
    extractor = BrokenExtractor(hangs=True)
    job = asyncio.create_task(process_video(ctx(world, tmp_path, extractor), video))
    await extractor.began.wait()
    await world.operate.jobs.release(Operator.at_shell("root", "here"), video)
    world.clock.advance(6.001)
    async with asyncio.timeout(10):
        await job
    await process_video(ctx(world, tmp_path), video)
    row = await world.row(video)
    assert (row.status, row.attempt) == (ProcessingStatus.COMPLETED, 2)


class SlowToTell(InMemoryLiveStatus):
    """Live status whose Redis takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def publish(self, video: VideoProcessing) -> None:
        self.asked.set()
        await asyncio.sleep(0.05)


async def test_a_shutdown_between_a_claim_and_its_answer_gives_the_video_back_too(
    world: World, tmp_path: Path, samples: Path
):
    video = await uploaded_file(world, samples / "bikes.mp4")
    world.live = live = SlowToTell()
    job = asyncio.create_task(process_video(ctx(world, tmp_path), video))
    await live.asked.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    world.clock.advance(0.001)
    assert (await world.claimed(video)).video.attempt == 2
    lease = await world.transactions.read(lambda t: t.videos.lease(video))
    assert lease is not None
    assert lease.lost_attempts == 0
