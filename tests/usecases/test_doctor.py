"""What a doctor finds in a record and a storage that the tests hold in their hands, and what it mends of that."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from app.domain.audit import DONE, Operator
from app.domain.diagnosis import Finding, FindingCode
from app.domain.session import Viewer
from app.domain.video import VideoProcessing, new_video_id, result_prefix
from app.infra.s3.upload import part_size
from app.usecases.paging import Slice
from app.usecases.ports.audit import AuditFilter
from app.usecases.ports.storage import StoredObject
from tests.fakes.storage import MemoryStorage
from tests.usecases.world import World

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600

ROOT = Operator.at_shell("root", "here")
Plant = Callable[[World, VideoProcessing], Awaitable[None]]


async def findings(world: World) -> list[Finding]:
    examine, _ = world.doctor
    return [finding async for finding in replace(examine, batch=2)()]


async def codes(world: World) -> set[FindingCode]:
    return {finding.code for finding in await findings(world)}


async def mended(world: World, *found: FindingCode) -> dict[str, int]:
    _, mend = world.doctor
    return {repair.kind.value: repair.count async for repair in mend(ROOT, found)}


async def completed(world: World, viewer: Viewer) -> VideoProcessing:
    return await world.completed((await world.uploaded(viewer)).id)


async def passes(world: World, seconds: float) -> None:
    """Let time pass in a service whose control worker is at work."""
    world.clock.advance(seconds)
    await world.control().deliver_notifications()
    await world.remove_objects()


@pytest.fixture
async def ana(world: World) -> Viewer:
    """Return a user with videos that ended in each way, one processed twice and one deleted, two days ago."""
    world.max_active = 100
    ana = await world.user()
    first = await completed(world, ana)
    await world.completed((await world.videos.reprocess(ana, first.id, None)).id)
    await world.failed((await world.uploaded(ana)).id)
    await world.videos.delete(ana, (await completed(world, ana)).id)
    await passes(world, 2 * DAY)
    return ana


async def test_a_service_at_work_has_nothing_wrong_with_it(world: World, ana: Viewer):
    old = await completed(world, ana)
    await passes(world, 2 * DAY)
    await world.claimed((await world.uploaded(ana)).id)
    await world.uploaded(ana)
    assert await findings(world) == []
    await world.videos.delete(ana, old.id)
    assert await findings(world) == [], "what is to be removed is no orphan"


async def lose_a_zip(world: World, video: VideoProcessing) -> None:
    done = await world.completed(video.id)
    assert done.archive is not None
    del world.storage.objects[done.archive.key]


async def cut_a_zip(world: World, video: VideoProcessing) -> None:
    done = await world.completed(video.id)
    assert done.archive is not None
    world.storage.objects[done.archive.key].data = b"P"


async def lose_a_source(world: World, video: VideoProcessing) -> None:
    del world.storage.objects[video.source_key]


async def lose_the_source_of_a_failed_one(world: World, video: VideoProcessing) -> None:
    await world.failed(video.id)
    del world.storage.objects[video.source_key]


async def lose_a_job(world: World, video: VideoProcessing) -> None:
    world.queue.videos.remove(video.id)
    await passes(world, 4 * MINUTE)


async def let_a_worker_die(world: World, video: VideoProcessing) -> None:
    await world.claimed(video.id)
    await passes(world, 11 * MINUTE)


async def leave_an_object(world: World, video: VideoProcessing) -> None:
    await world.completed(video.id)
    world.orphans(f"sources/{new_video_id()}")
    await passes(world, DAY + 1)


async def leave_a_zip_of_a_lost_attempt(world: World, video: VideoProcessing) -> None:
    await world.completed(video.id)
    world.orphans(f"{result_prefix(video.id)}7.zip")
    await passes(world, HOUR + 1)


async def lose_all_workers(world: World, video: VideoProcessing) -> None:
    assert video.id in world.queue.videos
    world.queue.fleet.clear()
    await passes(world, 11 * MINUTE)


async def forget_to_tell(world: World, video: VideoProcessing) -> None:
    await world.failed(video.id)
    world.clock.advance(11 * MINUTE)


async def forget_to_remove(world: World, video: VideoProcessing) -> None:
    await world.completed(video.id)
    await world.transactions.write(lambda t: t.removals.add("sources/none", is_prefix=False, at=world.clock.now()))
    world.clock.advance(11 * MINUTE)


PLANTED: list[tuple[Plant, FindingCode, dict[str, int]]] = [
    (lose_a_zip, FindingCode.ZIP_MISSING, {"replace_lost_zips": 1}),
    (cut_a_zip, FindingCode.ZIP_SIZE, {}),
    (lose_a_source, FindingCode.SOURCE_GONE, {}),
    (lose_the_source_of_a_failed_one, FindingCode.SOURCE_GONE, {}),
    (lose_a_job, FindingCode.NOT_QUEUED, {"sweep": 1}),
    (let_a_worker_die, FindingCode.LEASE_EXPIRED, {"release": 1}),
    (leave_an_object, FindingCode.ORPHAN, {"collect_garbage": 1}),
    (leave_a_zip_of_a_lost_attempt, FindingCode.ORPHAN, {"collect_garbage": 1}),
    (lose_all_workers, FindingCode.NO_WORKERS, {}),
    (forget_to_tell, FindingCode.NOTIFICATIONS_DUE, {}),
    (forget_to_remove, FindingCode.REMOVALS_DUE, {"remove_objects": 1}),
]


@pytest.mark.parametrize(("plant", "code", "repairs"), PLANTED)
async def test_what_is_wrong_is_found_and_what_can_be_mended_is(
    world: World, ana: Viewer, plant: Plant, code: FindingCode, repairs: dict[str, int]
):
    await plant(world, await world.uploaded(ana))
    (found,) = await findings(world)
    assert found.code is code
    assert await mended(world, code) == repairs
    assert await codes(world) == (set() if repairs else {code})
    assert set((await mended(world, code)).values()) <= {0}, "there is nothing left to mend"
    log = await world.transactions.read(lambda t: t.audit.page(AuditFilter(), Slice(10)))
    assert sorted((one.details["step"], one.details["count"]) for one in log) == sorted(
        (step, number) for step, count in repairs.items() for number in (count, 0)
    )
    assert {(one.operator, one.deed, one.outcome) for one in log} <= {("root@here", "mend", DONE)}


async def test_a_zip_that_is_lost_is_there_again_once_its_new_record_is_completed(world: World, ana: Viewer):
    lost = await world.uploaded(ana)
    await lose_a_zip(world, lost)
    await mended(world, FindingCode.ZIP_MISSING)
    again = world.queue.videos[-1]
    assert again != lost.id
    await world.download(ana, (await world.completed(again)).id)


async def test_an_upload_that_nobody_ended_is_found_once_nobody_can_be_at_it_any_more(world: World, ana: Viewer):
    began = asyncio.Event()

    async def writing() -> None:
        async with world.storage.writer(f"sources/{new_video_id()}", "video/mp4") as writer:
            await writer.write(bytes(part_size(1)))
            began.set()
            await asyncio.Event().wait()

    forgotten = asyncio.create_task(writing())
    await began.wait()
    await passes(world, DAY - 1)
    assert await findings(world) == []
    await passes(world, 2)
    (found,) = await findings(world)
    assert found.code is FindingCode.UNFINISHED_UPLOAD
    await mended(world, found.code)
    assert await findings(world) == []
    forgotten.cancel()


async def test_nothing_young_is_wrong_or_touched(world: World, ana: Viewer):
    world.orphans(f"sources/{new_video_id()}")
    await passes(world, DAY - HOUR)
    world.orphans(f"{result_prefix((await completed(world, ana)).id)}7.zip")
    await passes(world, 51 * MINUTE)
    held = (await world.claimed((await world.uploaded(ana)).id)).video
    await passes(world, 6 * MINUTE)
    world.queue.videos.remove((await world.uploaded(ana)).id)
    await world.transactions.write(lambda t: t.removals.add("sources/none", is_prefix=False, at=world.clock.now()))
    world.clock.advance(2 * MINUTE)
    before = set(world.storage.objects)
    assert await findings(world) == []
    await mended(world, *(set(FindingCode) - {FindingCode.FOREIGN_BUCKET}))
    assert set(world.storage.objects) == before
    assert await world.complete(held, world.archive(held)), "the attempt is still its worker's"


async def test_a_bucket_of_which_no_row_names_anything_is_taken_for_the_wrong_one(world: World):
    await world.user()
    for _ in range(3):
        world.orphans(f"sources/{new_video_id()}")
    world.clock.advance(DAY + 1)
    found = await codes(world)
    assert found == {FindingCode.ORPHAN, FindingCode.FOREIGN_BUCKET}
    assert await mended(world, *found) == {}
    assert len(world.storage.objects) == 3


class Meanwhile(MemoryStorage):
    """A bucket in which something happens as soon as somebody has begun to list it."""

    def __init__(self, real: MemoryStorage, happens: Callable[[], Awaitable[object]]) -> None:
        super().__init__(real.clock)
        self.objects = real.objects
        self._happens = happens

    async def list(self, prefix: str, after: str = "") -> AsyncIterator[StoredObject]:
        seen = [one async for one in super().list(prefix, after)]
        await self._happens()
        for one in seen:
            yield one


async def test_what_users_and_workers_do_meanwhile_is_no_finding(world: World, ana: Viewer):
    done = [await completed(world, ana) for _ in range(6)]
    running = [await world.uploaded(ana) for _ in range(3)]
    await passes(world, DAY + 1)  # All of them are old, and of those that run somebody still has a job.
    deleted = 0

    async def happens() -> None:
        nonlocal deleted
        await world.videos.delete(ana, done.pop().id)
        await world.remove_objects()
        deleted += 1
        if running:
            await world.completed(running.pop().id)

    examine, _ = world.doctor
    looking = replace(examine, storage=Meanwhile(world.storage, happens), batch=100)
    assert [finding async for finding in looking()] == []
    assert deleted > 2, "and something did happen"


async def test_nothing_is_mended_that_a_pause_keeps_waiting(world: World, ana: Viewer):
    video = await world.uploaded(ana)
    world.queue.videos.remove(video.id)
    await world.transactions.write(lambda t: t.pauses.begin(None, world.clock.now()))
    await passes(world, HOUR)
    assert await findings(world) == []
