"""What housekeeping removes, and what it must leave."""

import asyncio
from datetime import timedelta

import pytest

from app.domain.video import new_video_id
from app.infra.s3.upload import part_size
from app.usecases.collect_garbage import CollectGarbage
from tests.usecases.world import World


def small_housekeeping(world: World) -> CollectGarbage:
    return CollectGarbage(
        world.transactions,
        world.storage,
        world.clock,
        timedelta(hours=24),
        timedelta(hours=12),
        timedelta(hours=1),
        most_objects=4,
    )


async def test_a_zip_may_grow_for_longer_than_an_upload_may_take(world: World):
    hour = timedelta(hours=1)
    collect = CollectGarbage(world.transactions, world.storage, world.clock, hour, 12 * hour, hour)

    async def written(key: str) -> None:
        async with world.storage.writer(key, "application/octet-stream") as writer:
            await writer.write(bytes(part_size(1)))
            began.release()
            await go_on.wait()

    began, go_on = asyncio.Semaphore(0), asyncio.Event()
    writing = [asyncio.create_task(written(key)) for key in ("sources/given-up", "results/growing")]
    for _ in writing:
        await began.acquire()
    world.clock.advance(2 * 3600)
    await collect()
    go_on.set()
    await asyncio.gather(*writing, return_exceptions=True)
    assert set(world.storage.objects) == {"results/growing"}


async def test_one_run_of_housekeeping_looks_at_no_more_than_it_may_and_the_next_goes_on(world: World):
    for _ in range(9):
        world.orphans(f"sources/{new_video_id()}")
    world.clock.advance(25 * 3600)
    collect = small_housekeeping(world)
    left = []
    for _ in range(3):
        before = world.storage.listed
        await collect()
        assert world.storage.listed - before <= 4 + 1
        left.append(len(world.storage.objects))
    assert left == [5, 1, 0]


async def test_processes_that_live_for_one_run_of_housekeeping_reach_the_whole_bucket_too(world: World):
    for _ in range(12):
        world.orphans(f"sources/{new_video_id()}")
    world.orphans(f"exports/{new_video_id()}/a.json")
    world.clock.advance(25 * 3600)
    kept = await world.uploaded(await world.user())
    for _ in range(200):
        await small_housekeeping(world)()
        if set(world.storage.objects) == {kept.source_key}:
            return
    pytest.fail(f"never looked at: {set(world.storage.objects)}")


async def test_housekeeping_removes_exactly_what_nobody_names(world: World):
    ana = await world.user()
    kept = await world.uploaded(ana)
    done = await world.completed(kept.id)
    assert done.archive is not None
    orphan = f"sources/{new_video_id()}"
    dead_attempt = f"results/{kept.id}/7.zip"
    world.orphans(orphan)
    world.orphans(dead_attempt)
    assert await world.collect_garbage() == 0  # They are young: a commit under way may name them yet.
    world.clock.advance(25 * 3600)
    running = await world.uploaded(ana)
    assert await world.collect_garbage() == 2
    assert set(world.storage.objects) == {kept.source_key, done.archive.key, running.source_key}
