import asyncio

import pytest

from app.domain.errors import (
    ProcessingAlreadyFinished,
    ProcessingNotFinished,
    QuotaExceeded,
    VideoNotBelongsToUser,
    VideoNotFound,
)
from app.domain.failure import Failure, FailureCode
from app.domain.options import ExtractionOptions
from app.domain.video import ProcessingStatus, Progress, VideoId, new_video_id
from app.usecases.hold_lease import AttemptState, HoldLease
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.start_video_processing_job import Claimed, GivenUp, HeldUntil
from tests.usecases.world import LEASE, MP4, World

CORRUPT = Failure(FailureCode.CORRUPT_VIDEO, FailureCode.CORRUPT_VIDEO.reason)


async def statuses(world: World, video: VideoId) -> list[tuple[str, int]]:
    history = await world.transactions.read(lambda t: t.events.history([video]))
    return [(change.status.value, change.attempt) for change in history[video]]


async def test_a_video_is_claimed_by_one_worker_and_a_second_delivery_comes_back_when_the_lease_ends(world: World):
    video = await world.uploaded(await world.user())
    claimed = await world.claimed(video.id)
    assert (claimed.video.status, claimed.video.attempt) == (ProcessingStatus.PROCESSING, 1)
    assert await world.start(video.id) == HeldUntil(world.clock.now() + LEASE)


async def test_many_workers_race_for_one_video_and_one_wins(world: World):
    video = await world.uploaded(await world.user())
    outcomes = await asyncio.gather(*(world.start(video.id) for _ in range(10)))
    assert sum(isinstance(outcome, Claimed) for outcome in outcomes) == 1


async def test_there_is_nothing_to_do_for_a_final_or_a_missing_row(world: World):
    video = await world.uploaded(await world.user())
    await world.completed(video.id)
    assert await world.start(video.id) is None
    assert await world.start(new_video_id()) is None


async def test_a_completed_video_has_every_change_in_its_status_log(world: World):
    video = await world.uploaded(await world.user())
    done = await world.completed(video.id)
    assert done.status is ProcessingStatus.COMPLETED
    assert done.archive is not None
    assert (done.progress.percent, done.completed_at) == (100, world.clock.now())
    assert await statuses(world, video.id) == [("Pending", 0), ("Processing", 1), ("Completed", 1)]
    assert [event.version for event in world.live.published] == sorted(event.version for event in world.live.published)


async def test_an_expired_lease_is_taken_over_and_its_former_holder_changes_nothing(world: World):
    video = await world.uploaded(await world.user())
    zombie = (await world.claimed(video.id)).video
    world.clock.advance(16)
    heir = (await world.claimed(video.id)).video
    assert heir.attempt == 2
    assert not await world.complete(zombie, world.archive(zombie))
    assert not await world.mark_failed(zombie, CORRUPT)
    assert not await world.release.when_cancelled(zombie, 0)
    assert await world.complete(heir, world.archive(heir))
    assert not await world.complete(zombie, world.archive(zombie))
    archive = (await world.row(video.id)).archive
    assert archive is not None
    assert archive.key.endswith("/2.zip")


async def test_a_holder_that_speaks_up_once_the_database_is_back_keeps_its_lease_that_ran_out(world: World):
    """All leases have run out after an outage, and whoever stands by must not be quicker than whoever works."""
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    world.clock.advance(16)
    taking_over = asyncio.create_task(world.start(video.id))
    await asyncio.sleep(0.1)
    until = world.clock.now() + LEASE
    assert await world.transactions.write(
        lambda t: t.videos.heartbeat(video.id, held.attempt, until=until, progress=Progress(), media=None)
    )
    assert await taking_over == HeldUntil(until)
    assert (await world.row(video.id)).attempt == 1


@pytest.mark.slow
async def test_the_third_lost_attempt_is_the_end_and_its_owner_is_told(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    for _ in range(3):
        await world.claimed(video.id)
        world.clock.advance(16)
    assert isinstance(await world.start(video.id), GivenUp)
    assert await world.start(video.id) is None
    row = await world.row(video.id)
    assert row.failure is not None
    assert (row.status, row.failure.code) == (ProcessingStatus.FAILED, FailureCode.WORKER_LOST)
    due = await world.due_notifications()
    assert [notification.video for notification in due] == [video.id]


async def test_ten_shutdowns_are_no_lost_attempts(world: World):
    video = await world.uploaded(await world.user())
    for _ in range(10):
        claimed = await world.claimed(video.id)
        assert await world.release.when_cancelled(claimed.video, claimed.transient_failures)
        world.clock.advance(0.001)
    assert (await world.completed(video.id)).attempt == 11


async def test_a_transient_fault_delays_the_next_try_longer_each_time(world: World):
    video = await world.uploaded(await world.user())
    waits = []
    for _ in range(4):
        claimed = await world.claimed(video.id)
        assert await world.release.after_fault(claimed.video, claimed.transient_failures)
        held = await world.start(video.id)
        assert isinstance(held, HeldUntil)
        waits.append((held.at - world.clock.now()).total_seconds())
        world.clock.advance(waits[-1] + 0.001)
    assert waits == [2, 4, 8, 16]


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_an_end_whose_answer_was_lost_has_happened_and_wakes_who_tells_of_it(world: World, end: str):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    world.transactions.lose("committed")
    assert await world.ended(held, end)
    assert (world.live.published[-1].status.value.lower(), world.queue.notifications) == (end, 1)


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_an_end_that_did_not_happen_is_not_taken_for_anothers_and_can_be_tried_again(world: World, end: str):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    world.transactions.lose("rolled back")
    with pytest.raises(DatabaseUnavailable):
        await world.ended(held, end)
    assert world.queue.notifications == 0
    assert await world.ended(held, end)


@pytest.mark.parametrize("end", ["completed", "failed"])
async def test_an_end_that_is_unknown_after_another_took_over_is_not_ours(world: World, end: str):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    world.clock.advance(16)
    await world.claimed(video.id)
    world.transactions.lose("rolled back")
    assert not await world.ended(held, end)


async def test_a_failure_is_told_once_and_in_words(world: World):
    video = await world.uploaded(await world.user())
    row = await world.failed(video.id)
    assert row.failure == CORRUPT
    due = await world.due_notifications()
    assert [(n.event, n.file_name, n.failure) for n in due] == [("video.failed", "a.mp4", CORRUPT)]
    assert world.queue.notifications == 1


async def test_who_cancels_is_not_told_by_mail_and_the_worker_finds_out_at_its_beat(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    held = (await world.claimed(video.id)).video
    canceled = await world.videos.cancel(ana, video.id)
    assert canceled.failure is not None
    assert (canceled.status, canceled.failure.code) == (ProcessingStatus.FAILED, FailureCode.CANCELED)
    assert await world.due_notifications() == []
    assert not await world.complete(held, world.archive(held))
    with pytest.raises(ProcessingAlreadyFinished):
        await world.videos.cancel(ana, video.id)


async def test_a_pending_video_can_be_canceled_and_is_then_never_started(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    await world.videos.cancel(ana, video.id)
    assert await world.start(video.id) is None


async def test_only_its_owner_may_touch_a_video(world: World):
    video, eve = await world.uploaded(await world.user()), await world.user()
    for act in (
        world.videos.cancel(eve, video.id),
        world.videos.delete(eve, video.id),
        world.videos.reprocess(eve, video.id, None),
    ):
        with pytest.raises(VideoNotBelongsToUser):
            await act
    with pytest.raises(VideoNotFound):
        await world.videos.delete(eve, new_video_id())
    assert (await world.row(video.id)).status is ProcessingStatus.PENDING


async def test_the_lease_is_held_while_work_goes_on_and_progress_is_published_and_stored(world: World):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    attempt = AttemptState(progress=lambda: Progress(40, 4, 10))
    holding = asyncio.create_task(
        HoldLease(world.transactions, world.live, world.clock, LEASE, LEASE / 3)(held, attempt)
    )
    async with asyncio.timeout(10):
        while world.live.published[-1].progress.percent != 40:
            await asyncio.sleep(0.01)
        assert world.live.published[-1].version == held.version + 1
        world.clock.advance(6)
        while (await world.row(video.id)).progress.percent != 40:
            await asyncio.sleep(0.01)
    world.clock.advance(14)  # Past the first lease, within the one that the heartbeat made.
    assert isinstance(await world.start(video.id), HeldUntil)
    holding.cancel()


async def test_holding_ends_when_the_video_is_deleted(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    held = (await world.claimed(video.id)).video
    holding = asyncio.create_task(
        HoldLease(world.transactions, world.live, world.clock, LEASE, LEASE / 3)(held, AttemptState())
    )
    await world.videos.delete(ana, video.id)
    world.clock.advance(6)
    async with asyncio.timeout(10):
        await holding


async def test_a_beat_that_the_database_does_not_answer_is_tried_again(world: World):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    holding = asyncio.create_task(
        HoldLease(world.transactions, world.live, world.clock, LEASE, LEASE / 3)(
            held, AttemptState(progress=lambda: Progress(10, 1, 10))
        )
    )
    await asyncio.sleep(0)  # It begins with the time as it is.
    world.transactions.lose("rolled back")
    world.clock.advance(6)
    async with asyncio.timeout(10):
        while (await world.row(video.id)).progress.percent != 10:
            await asyncio.sleep(0.01)
    assert not holding.done()
    holding.cancel()


async def test_processing_again_makes_a_new_record_of_the_same_source(world: World):
    ana = await world.user()
    first = await world.uploaded(ana)
    with pytest.raises(ProcessingNotFinished):
        await world.videos.reprocess(ana, first.id, None)
    await world.completed(first.id)
    again = await world.videos.reprocess(ana, first.id, ExtractionOptions(quality=50))
    assert again.id != first.id
    assert (again.source_key, again.options.quality) == (first.source_key, 50)
    assert (again.status, again.archive, again.attempt) == (ProcessingStatus.PENDING, None, 0)
    assert (await world.completed(again.id)).status is ProcessingStatus.COMPLETED
    assert (await world.row(first.id)).status is ProcessingStatus.COMPLETED


async def test_processing_again_counts_against_the_limit(world: World):
    ana = await world.user()
    first = await world.uploaded(ana)
    await world.completed(first.id)
    for _ in range(world.max_active):
        await world.videos.reprocess(ana, first.id, None)
    with pytest.raises(QuotaExceeded):
        await world.videos.reprocess(ana, first.id, None)


async def test_a_source_goes_only_with_the_last_row_that_names_it(world: World):
    ana = await world.user()
    first = await world.uploaded(ana)
    done = await world.completed(first.id)
    again = await world.videos.reprocess(ana, first.id, None)
    await world.videos.delete(ana, first.id)
    await world.remove_objects()
    assert done.archive is not None
    assert done.archive.key not in world.storage.objects
    assert world.storage.objects[first.source_key].data == MP4
    await world.videos.delete(ana, again.id)
    await world.remove_objects()
    assert world.storage.objects == {}


async def test_what_a_worker_still_wrote_after_a_deletion_goes_an_hour_later(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    held = (await world.claimed(video.id)).video
    await world.videos.delete(ana, video.id)
    await world.remove_objects()
    late = world.archive(held).key
    assert not await world.complete(held, world.archive(held))
    world.clock.advance(3601)
    await world.remove_objects()
    assert late not in world.storage.objects


async def test_removals_wait_for_a_storage_that_is_away(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    await world.videos.delete(ana, video.id)
    world.storage.away = True
    assert await world.remove_objects() == 0
    world.storage.away = False
    assert await world.remove_objects() == 1  # The one that failed not at once; the one behind it was never tried.
    assert await world.remove_objects() == 0
    world.clock.advance(60)
    assert await world.remove_objects() == 1
    assert world.storage.objects == {}


async def test_the_sweep_looks_less_often_at_what_it_swept_in_vain_and_then_doubts_the_queue(world: World):
    video = await world.uploaded(await world.user())
    world.queue.videos.clear()
    swept_after = []
    for second in range(1, 200):
        world.clock.advance(1)
        if await world.sweep():
            swept_after.append(second)
    assert swept_after == [6, 16, 36, 76, 136, 196]  # Never more than a minute: the queue may have been emptied.
    assert world.queue.videos == [video.id] * 6


async def test_the_sweep_enqueues_a_lease_that_ran_out(world: World):
    video = await world.uploaded(await world.user())
    await world.claimed(video.id)
    world.queue.videos.clear()
    world.clock.advance(14)
    assert await world.sweep() == 0
    world.clock.advance(2)
    assert await world.sweep() == 1
    assert world.queue.videos == [video.id]


async def test_what_was_held_when_the_machine_went_down_goes_on_at_once_and_is_not_lost(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    for _ in range(10):
        await world.claimed(video.id)
        assert await world.release.all_abandoned() == 1
        world.clock.advance(0.001)
    lease = await world.transactions.read(lambda t: t.videos.lease(video.id))
    assert lease is not None
    assert (lease.released, lease.lost_attempts, lease.transient_failures) == (True, 0, 10)
    await world.claimed(video.id)
    assert await world.release.all_abandoned() == 0, "it may have to do with the video"
    world.clock.advance(16)
    await world.claimed(video.id)
    lease = await world.transactions.read(lambda t: t.videos.lease(video.id))
    assert lease is not None
    assert lease.lost_attempts == 1
