"""A worker that breaks what it takes: others try it again, and the worker is told to end."""

from dataclasses import replace
from errno import EAGAIN
from pathlib import Path

import pytest
from arq import Retry

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.video import ProcessingStatus, VideoId
from app.usecases.ports.frames import DecoderUnavailable
from jobs.process_video import process_video
from tests.fakes.extractor import ScriptedExtractor, a_frame
from tests.jobs.test_process_video import BrokenExtractor, code, ctx
from tests.usecases.world import World

WORKS = ScriptedExtractor([a_frame(0, b"a picture")])


async def uploaded(world: World) -> VideoId:
    return (await world.uploaded(await world.user())).id


async def test_what_broke_in_one_worker_alone_waits_for_another_which_the_next_process_is(world: World, tmp_path: Path):
    video = await uploaded(world)
    sick = ctx(world, tmp_path, BrokenExtractor())
    health = sick["attempt_video"].health
    for _ in range(3):
        assert not health.unfit.is_set()
        with pytest.raises(Retry):
            await process_video(sick, video)
        world.clock.advance(60)
    assert health.unfit.is_set()
    await process_video(ctx(world, tmp_path, BrokenExtractor()), video)
    assert await code(world, video) is FailureCode.INTERNAL


async def test_a_worker_leaves_what_broke_in_it_to_others_for_a_while(world: World, tmp_path: Path):
    video = await uploaded(world)
    sick = ctx(world, tmp_path, BrokenExtractor())
    with pytest.raises(Retry):
        await process_video(sick, video)
    world.clock.advance(2.1)
    with pytest.raises(Retry) as later:
        await process_video(sick, video)
    assert (later.value.defer_score, (await world.row(video)).attempt) == (1_100, 1)
    await process_video(ctx(world, tmp_path, WORKS), video)
    assert (await world.row(video)).status is ProcessingStatus.COMPLETED


async def test_a_worker_that_nobody_relieves_tries_again_itself(world: World, tmp_path: Path):
    video = await uploaded(world)
    sick = ctx(world, tmp_path, BrokenExtractor())
    for _ in range(2):
        with pytest.raises(Retry):
            await process_video(sick, video)
        world.clock.advance(12.1)
    assert (await world.row(video)).attempt == 2


@pytest.mark.parametrize("fault", [RuntimeError("a bug"), OSError(EAGAIN, "no process can be started")])
async def test_a_worker_in_which_three_videos_in_a_row_break_is_unfit_for_more(
    world: World, tmp_path: Path, fault: Exception
):
    sick = ctx(world, tmp_path, BrokenExtractor(fault))
    health = sick["attempt_video"].health
    well = {"attempt_video": replace(ctx(world, tmp_path, WORKS)["attempt_video"], health=health)}
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(Retry):
                await process_video(sick, await uploaded(world))
        await process_video(well, await uploaded(world))
        assert health.broken_in_a_row == 0
    for _ in range(3):
        assert not health.unfit.is_set()
        with pytest.raises(Retry):
            await process_video(sick, await uploaded(world))
    assert health.unfit.is_set()


async def test_a_storage_that_is_away_makes_no_worker_unfit(world: World, tmp_path: Path):
    context = ctx(world, tmp_path, WORKS)
    videos = [await uploaded(world) for _ in range(5)]
    world.storage.away = True
    for video in videos:
        with pytest.raises(Retry):
            await process_video(context, video)
    assert context["attempt_video"].health.broken_in_a_row == 0


async def test_a_verdict_is_not_believed_of_a_decoder_that_does_not_work(world: World, tmp_path: Path):
    async def broken() -> None:
        raise DecoderUnavailable

    video = await uploaded(world)
    attempt = ctx(world, tmp_path, BrokenExtractor(ProcessingError(FailureCode.CORRUPT_VIDEO)))["attempt_video"]
    assert await replace(attempt, try_decoder=broken)(video) is not None
    assert (await world.row(video)).failure is None
    world.clock.advance(60)
    await attempt(video)
    assert await code(world, video) is FailureCode.CORRUPT_VIDEO
