"""What dies, and that nothing is lost by it."""

import asyncio
import os
import signal
import zipfile
from contextlib import suppress
from pathlib import Path

from redis.asyncio import Redis

from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import ProcessingStatus, VideoProcessing
from tests.faults.conftest import Stack, running

# Every picture of two seconds as PNG, by one thread (see the stack): some three seconds of work, whatever the machine.
SLOW = ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, 60), ImageFormat.PNG, end_seconds=2.0)

# What a story waits for that is about its end; a dozen beats, so that no busy machine ends it for a worker that lives.
SHORT = {"FIAPX_LEASE_SECONDS": "6"}


async def check_whole(stack: Stack, row: VideoProcessing, folder: Path) -> None:
    """Completed means whole: the ZIP is there, as large as said, and every entry is readable."""
    assert row.status is ProcessingStatus.COMPLETED, row.failure
    assert row.archive is not None
    path = folder / f"{row.id}.zip"
    await stack.service.services.storage.download(row.archive.key, path)
    assert path.stat().st_size == row.archive.size_bytes
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == row.archive.frame_count + 1


async def test_a_worker_killed_in_the_middle_is_replaced_and_the_video_completes_once(
    stack: Stack, samples: Path, tmp_path: Path
):
    first = stack.start_worker(**SHORT)
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    await stack.until(video.id, running, 60)
    stack.start_worker(**SHORT)
    first.kill()
    await stack.until(video.id, lambda row: row.attempt == 2, 45)
    row = await stack.until_final(video.id, 120)
    assert row.attempt == 2
    await check_whole(stack, row, tmp_path)
    changes = [(change.status.value, change.attempt) for change in await stack.history(video.id)]
    assert changes == [("Pending", 0), ("Processing", 1), ("Processing", 2), ("Completed", 2)]


async def test_four_workers_told_to_stop_in_the_middle_lose_no_attempt(stack: Stack, samples: Path, tmp_path: Path):
    stops = 4  # One more than may be lost.
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    for attempt in range(1, stops + 1):
        worker = stack.start_worker()
        await stack.until(video.id, lambda row, n=attempt: row.attempt == n and running(row), 60)  # type: ignore[misc]  # n is bound for this round
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, 10) == 0
    lease = await stack.service.transactions.read(lambda t: t.videos.lease(video.id))
    assert lease is not None
    assert (lease.lost_attempts, lease.released) == (0, True)
    stack.start_worker()
    row = await stack.until_final(video.id, 120)
    assert row.attempt == stops + 1
    await check_whole(stack, row, tmp_path)


async def test_an_emptied_redis_delays_but_loses_nothing(stack: Stack, samples: Path, tmp_path: Path):
    videos = [await stack.upload(samples / "carphone_pristine.mp4") for _ in range(10)]
    redis = Redis.from_url(stack.environment["FIAPX_REDIS_URL"])
    await redis.flushall()
    await redis.aclose()
    stack.start_worker()
    for video in videos:
        await check_whole(stack, await stack.until_final(video.id, 60), tmp_path)


async def test_a_worker_that_sleeps_past_its_lease_cannot_publish(stack: Stack, samples: Path, tmp_path: Path):
    sleeper = stack.start_worker(**SHORT)
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    await stack.until(video.id, running, 60)
    sleeper.send_signal(signal.SIGSTOP)
    try:
        stack.start_worker(**SHORT)
        await stack.until(video.id, lambda row: row.attempt == 2 and running(row), 60)
    finally:
        sleeper.send_signal(signal.SIGCONT)
    row = await stack.until_final(video.id, 120)
    assert row.attempt == 2
    await check_whole(stack, row, tmp_path)


async def test_work_goes_on_while_redis_is_away(stack: Stack, samples: Path, tmp_path: Path, valkey):
    stack.start_worker()
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    await stack.until(video.id, running, 60)
    valkey.kill()
    try:
        row = await stack.until_final(video.id, 120)
    finally:
        valkey.start()
    assert row.attempt == 1
    await check_whole(stack, row, tmp_path)
    later = await stack.upload(samples / "carphone_pristine.mp4")
    await check_whole(stack, await stack.until_final(later.id, 60), tmp_path)


def family_of(worker: int) -> set[int]:
    """Give a process and all that descend from it, as whoever ends a whole service does."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    family, found = {worker}, {worker}
    while found:
        found = {child for child, parent in parents.items() if parent in found}
        family |= found
    return family


async def test_a_signal_to_the_worker_and_its_decoder_alike_ends_neither_before_the_video_is_done(
    stack: Stack, samples: Path, tmp_path: Path
):
    worker = stack.start_worker(FIAPX_SHUTDOWN_WAIT_SECONDS="60")
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    await stack.until(video.id, running, 60)
    family = family_of(worker.pid)
    assert len(family) == 2, "the worker and its decoder"
    for process in family:
        os.kill(process, signal.SIGTERM)
    assert await asyncio.to_thread(worker.wait, 60) == 0
    row = await stack.row(video.id)
    assert row.attempt == 1
    await check_whole(stack, row, tmp_path)
