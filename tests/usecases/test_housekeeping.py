"""What housekeeping removes, and what it must leave."""

import asyncio
from datetime import timedelta

import pytest

from app.domain.upload_reservation import UploadReservation
from app.domain.video import new_video_id, source_key
from app.infra.s3.upload import part_size
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.upload_video import RESERVATION_LEASE
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


HOUR = 3600


async def test_the_zip_of_an_attempt_that_lost_goes_an_hour_after_it_came(world: World):
    ana = await world.user()
    done = await world.completed((await world.uploaded(ana)).id)
    running = await world.uploaded(ana)
    assert done.archive is not None
    lost, growing = f"results/{done.id}/7.zip", f"results/{running.id}/1.zip"
    unknown = [f"results/{new_video_id()}/1.zip", f"sources/{new_video_id()}"]
    for key in (lost, growing, *unknown):
        world.orphans(key)
    assert await world.collect_garbage() == 0
    world.clock.advance(HOUR + 1)
    assert await world.collect_garbage() == 1
    kept = {done.source_key, done.archive.key, running.source_key, growing, *unknown}
    assert set(world.storage.objects) == kept  # A later dump may bring a row of the unknown back.


async def reserved(world: World) -> UploadReservation:
    """Begin an upload as a server does that dies then, with a part of it in the storage."""
    owner, video = (await world.user()).id, new_video_id()
    held = UploadReservation(video, owner, source_key(video), None, None, world.clock.now() + RESERVATION_LEASE)
    await world.transactions.write(lambda t: t.reservations.add(held))
    world.orphans(held.source_key)
    return held


async def test_what_an_upload_left_whose_server_died_goes_with_its_reservation(world: World):
    held = await reserved(world)
    collect = world.collect_garbage
    world.clock.advance(HOUR / 2)
    await collect()
    world.clock.advance(HOUR)
    await collect()
    assert held.source_key in world.storage.objects  # One run alone may have come just after an outage.
    world.clock.advance(HOUR)
    await collect()
    await world.remove_objects()
    assert world.storage.objects == {}
    assert not await world.transactions.write(lambda t: t.reservations.extend(held.id, world.clock.now()))


async def test_an_upload_that_lives_keeps_its_reservation_however_late_it_was_extended(world: World):
    held = await reserved(world)
    collect = world.collect_garbage
    for _ in range(5):  # The database was away for an hour, each time until housekeeping looked.
        world.clock.advance(2 * HOUR)
        await collect()
        later = world.clock.now() + RESERVATION_LEASE
        assert await world.transactions.write(lambda t, to=later: t.reservations.extend(held.id, to))  # type: ignore[misc]  # bound for this round
    await world.remove_objects()
    assert held.source_key in world.storage.objects


async def test_the_parts_of_an_upload_whose_server_died_go_with_its_reservation(world: World):
    held = await reserved(world)
    began, go_on = asyncio.Event(), asyncio.Event()

    async def written() -> None:
        async with world.storage.writer(held.source_key, "application/octet-stream") as writer:
            await writer.write(bytes(part_size(1)))
            began.set()
            await go_on.wait()

    writing = asyncio.create_task(written())
    await began.wait()
    collect = world.collect_garbage
    for _ in range(2):
        world.clock.advance(2 * HOUR)
        await collect()
    await world.remove_objects()
    go_on.set()
    await asyncio.gather(writing, return_exceptions=True)
    assert world.storage.objects == {}
