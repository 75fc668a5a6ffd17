"""What is away for long costs no video, and what does not pass is called what it was."""

import asyncio
from errno import EAGAIN, ECHILD, ENOMEM, ENOSPC
from pathlib import Path
from typing import Any

import pytest
from arq import Retry
from structlog.testing import capture_logs

from app.domain.errors import StorageError, StorageFull
from app.domain.failure import NO_SPACE, Failure, FailureCode
from app.domain.lease import Lease
from app.domain.video import ProcessingStatus, VideoId
from app.infra.worker_metrics import WorkerMetrics
from app.usecases.ports.frames import DecoderUnavailable
from jobs.process_video import process_video
from tests.fakes.extractor import ScriptedExtractor, a_frame
from tests.jobs.test_process_video import BrokenExtractor, ctx
from tests.parts.waiting import until
from tests.usecases.world import World

TRIES = 3
"""What ``ctx`` allows of passing faults."""


async def uploaded(world: World) -> VideoId:
    return (await world.uploaded(await world.user())).id


async def lease(world: World, video: VideoId) -> Lease:
    found = await world.transactions.read(lambda t: t.videos.lease(video))
    assert found is not None
    return found


async def tried(world: World, context: dict[str, Any], video: VideoId, times: int, seconds: float = 60) -> None:
    for _ in range(times):
        with pytest.raises(Retry):
            await process_video(context, video)
        world.clock.advance(seconds)


async def test_a_storage_that_is_away_for_days_costs_no_video(world: World, tmp_path: Path):
    video = await uploaded(world)
    context = ctx(world, tmp_path, ScriptedExtractor([a_frame(0, b"a picture")]))
    world.storage.away = True
    await tried(world, context, video, times=10 * TRIES, seconds=2.5 * 3600)
    found = await lease(world, video)
    assert (found.video.failure, found.transient_failures, found.lost_attempts) == (None, 0, 0)
    assert await world.due_notifications() == []
    world.storage.away = False
    await process_video(context, video)
    assert (await world.row(video)).status is ProcessingStatus.COMPLETED


async def test_a_worker_pauses_while_a_store_is_away_says_so_and_goes_on_by_itself(world: World, tmp_path: Path):
    metrics, said = WorkerMetrics(), list[str]()
    context = ctx(world, tmp_path, ScriptedExtractor([a_frame(0, b"a picture")]), metrics)
    stores = context["attempt_video"].stores
    guarding = asyncio.create_task(stores.guard(lambda: said.append("paused"), lambda: said.append("resumed")))
    video = await uploaded(world)
    world.storage.away = True
    with capture_logs() as lines:
        await tried(world, context, video, times=2)
        await until(lambda: said == ["paused"])
        assert "fiapx_worker_paused 1.0" in metrics.text().decode()
        world.storage.away = False
        await until(lambda: said == ["paused", "resumed"])
    assert "fiapx_worker_paused 0.0" in metrics.text().decode()
    away = [line for line in lines if line["event"] == "a store is away, no video is taken until it is back"]
    assert [(line["log_level"], line["stores"]) for line in away] == [("error", ["storage"])]
    guarding.cancel()


async def test_a_database_that_is_away_when_a_video_is_to_be_claimed_pauses_the_worker(world: World, tmp_path: Path):
    context, paused = ctx(world, tmp_path), asyncio.Event()
    guarding = asyncio.create_task(context["attempt_video"].stores.guard(paused.set, lambda: None))
    video = await uploaded(world)
    world.transactions.away = True
    with pytest.raises(Retry):
        await process_video(context, video)
    async with asyncio.timeout(5):
        await paused.wait()
    guarding.cancel()


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (StorageError(), Failure(FailureCode.STORAGE_ERROR, FailureCode.STORAGE_ERROR.reason)),
        (StorageFull(), Failure(FailureCode.STORAGE_ERROR, NO_SPACE)),
        (OSError(ENOSPC, "No space"), Failure(FailureCode.WORK_DIRECTORY_FULL, FailureCode.WORK_DIRECTORY_FULL.reason)),
        (OSError(ENOMEM, "No memory"), Failure(FailureCode.NO_MEMORY, FailureCode.NO_MEMORY.reason)),
        (OSError(EAGAIN, "No process"), Failure(FailureCode.NO_MEMORY, FailureCode.NO_MEMORY.reason)),
        (MemoryError(), Failure(FailureCode.NO_MEMORY, FailureCode.NO_MEMORY.reason)),
        (DecoderUnavailable("gone"), Failure(FailureCode.NO_DECODER, FailureCode.NO_DECODER.reason)),
        (OSError(ECHILD, "killed"), Failure(FailureCode.WORKER_LOST, FailureCode.WORKER_LOST.reason)),
        (RuntimeError("a bug"), Failure(FailureCode.INTERNAL, FailureCode.INTERNAL.reason)),
    ],
    ids=str,
)
async def test_what_does_not_pass_is_told_as_what_it_was(
    world: World, tmp_path: Path, fault: Exception, failure: Failure
):
    video = await uploaded(world)
    await tried(world, ctx(world, tmp_path, BrokenExtractor(fault)), video, times=TRIES - 1)
    await process_video(ctx(world, tmp_path, BrokenExtractor(fault)), video)
    assert (await world.row(video)).failure == failure
    assert failure.retryable


@pytest.mark.parametrize("full", [StorageFull(), OSError(ENOSPC, "No space left on device")])
async def test_a_disk_that_is_full_is_a_line_for_operators(world: World, tmp_path: Path, full: Exception):
    video = await uploaded(world)
    with capture_logs() as said:
        await tried(world, ctx(world, tmp_path, BrokenExtractor(full)), video, times=2)
    assert [line["log_level"] for line in said if line["event"] == "no space is left for a video"] == ["error"] * 2
