"""What operators do with processings, and what is written down of it."""

from datetime import timedelta

import pytest

from app.domain.audit import Operator
from app.domain.errors import (
    InvalidInput,
    NotAnOperator,
    ProcessingAlreadyFinished,
    ProcessingNotFinished,
    UserNotFound,
    VideoExpired,
    VideoNotFound,
)
from app.domain.events import EventType
from app.domain.failure import STOPPED, Failure, FailureCode
from app.domain.retention import Retention
from app.domain.user import Role, UserId
from app.domain.video import ProcessingStatus, new_video_id
from app.usecases.paging import Slice
from app.usecases.ports.audit import AuditFilter
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.jobs import JobFilter
from tests.usecases.world import World

DAMAGED = Failure(FailureCode.CORRUPT_VIDEO, FailureCode.CORRUPT_VIDEO.reason)
ROOT = Operator.at_shell("root", "here")


async def test_a_failed_video_is_processed_again_as_a_new_one_of_its_owner_whatever_the_quota(world: World):
    world.max_active = 1
    ana = await world.user()
    failed = await world.failed((await world.uploaded(ana)).id)
    await world.uploaded(ana)
    again = await world.operate.jobs.retry(ROOT, failed.id, "the decoder was mended")
    assert (again.owner, again.source_key, again.status) == (ana.id, failed.source_key, ProcessingStatus.PENDING)
    assert world.queue.videos[-1] == again.id
    assert (await world.row(failed.id)).status is ProcessingStatus.FAILED
    assert await world.audited() == [("retry", "done", "the decoder was mended")]


async def test_a_second_retry_of_a_video_does_nothing(world: World):
    failed = await world.failed((await world.uploaded(await world.user())).id)
    again = await world.operate.jobs.retry(ROOT, failed.id)
    world.clock.advance(1)
    with pytest.raises(InvalidInput, match=again.id):
        await world.operate.jobs.retry(ROOT, failed.id)
    assert await world.audited() == [("retry", "done", None), ("retry", "INVALID_INPUT", None)]


async def test_what_has_not_failed_is_not_retried(world: World):
    ana = await world.user()
    completed, pending = await world.completed((await world.uploaded(ana)).id), await world.uploaded(ana)
    with pytest.raises(ProcessingAlreadyFinished):
        await world.operate.jobs.retry(ROOT, completed.id)
    with pytest.raises(ProcessingNotFinished):
        await world.operate.jobs.retry(ROOT, pending.id)
    with pytest.raises(VideoNotFound):
        await world.operate.jobs.retry(ROOT, new_video_id())


async def test_what_is_no_longer_kept_is_not_retried(world: World):
    failed = await world.failed((await world.uploaded(await world.user())).id)
    world.retention = Retention(days=1)
    world.clock.advance(2 * 24 * 3600)
    with pytest.raises(VideoExpired):
        await world.operate.jobs.retry(ROOT, failed.id)


async def test_all_that_failed_with_a_code_are_retried_once(world: World):
    ana, bruno = await world.user(), await world.user()
    early = await world.failed((await world.uploaded(ana)).id, FailureCode.NO_DECODER)
    world.clock.advance(3600)
    since = world.clock.now()
    late = [(await world.failed((await world.uploaded(owner)).id, FailureCode.NO_DECODER)).id for owner in (ana, bruno)]
    other = await world.failed((await world.uploaded(ana)).id, FailureCode.CORRUPT_VIDEO)
    retry = world.operate.jobs.retry_failed
    done = [first async for first, _ in retry(ROOT, FailureCode.NO_DECODER, since)]
    assert sorted(done) == sorted(late)
    assert [first async for first, _ in retry(ROOT, FailureCode.NO_DECODER)] == [early.id]
    assert [first async for first, _ in retry(ROOT, FailureCode.NO_DECODER)] == []
    assert (await world.operate.jobs.show(ROOT, other.id)).processed_again_as is None
    assert await world.audited() == 3 * [("retry", "done", None)], "what was left alone was not even tried"


async def test_an_operator_cancels_any_video_and_its_owner_is_told_who_did(world: World):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    canceled = await world.operate.jobs.cancel(ROOT, video.id, "it fills the disk")
    assert canceled.failure is not None
    assert (canceled.failure.code, canceled.failure.reason) == (FailureCode.CANCELED, STOPPED)
    assert [told.failure for told in await world.due_notifications()] == [canceled.failure]
    assert not await world.complete(held, world.archive(held))
    world.clock.advance(1)
    with pytest.raises(ProcessingAlreadyFinished):
        await world.operate.jobs.cancel(ROOT, video.id)
    assert await world.audited() == [
        ("cancel", "done", "it fills the disk"),
        ("cancel", "PROCESSING_ALREADY_FINISHED", None),
    ]


async def test_a_lease_that_is_taken_ends_its_attempt_and_the_next_begins_without_a_loss(world: World):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    assert await world.operate.jobs.release(ROOT, video.id) == 1
    until = world.clock.now() + timedelta(seconds=15)
    assert not await world.transactions.write(
        lambda t: t.videos.heartbeat(held.id, 1, until=until, progress=held.progress, media=None)
    )
    with pytest.raises(InvalidInput):
        await world.operate.jobs.release(ROOT, video.id)
    world.clock.advance(7)
    assert await world.sweep() == 1
    claimed = await world.claimed(video.id)
    assert (claimed.video.attempt, claimed.taken_over) == (2, False)
    assert not await world.complete(held, world.archive(held))


async def test_what_is_paused_is_not_begun_whatever_becomes_of_the_queue_and_goes_on_when_it_is_resumed(world: World):
    ana, bruno = await world.user(), await world.user()
    running = (await world.claimed((await world.uploaded(ana)).id)).video
    await world.operate.jobs.pause(ROOT, ana.id, "she asked for it")
    hers, his = await world.uploaded(ana), await world.uploaded(bruno)
    assert await world.start(hers.id) is None
    await world.claimed(his.id)
    world.clock.advance(10)
    assert await world.sweep() == 0, "nobody fills the queue with what is paused"
    assert await world.complete(running, world.archive(running)), "what runs goes on"
    await world.operate.jobs.resume(ROOT, ana.id)
    assert await world.sweep() == 1
    await world.claimed(hers.id)
    assert await world.audited() == [("pause", "done", "she asked for it"), ("resume", "done", None)]


async def test_a_pause_of_all_leaves_the_pause_of_one(world: World):
    ana, bruno = await world.user(), await world.user()
    hers, his = await world.uploaded(ana), await world.uploaded(bruno)
    for owner in (ana.id, None):
        await world.operate.jobs.pause(ROOT, owner)
    assert (await world.start(hers.id), await world.start(his.id)) == (None, None)
    await world.operate.jobs.resume(ROOT)
    await world.claimed(his.id)
    assert await world.start(hers.id) is None
    overview = await world.operate.jobs.overview(ROOT, world.clock.now())
    assert (overview.paused, [pause.owner for pause in overview.pauses]) == (1, [ana.id])
    with pytest.raises(UserNotFound):
        await world.operate.jobs.pause(ROOT, UserId(new_video_id()))


async def test_a_long_pause_keeps_nobody_from_uploading(world: World):
    await world.operate.jobs.pause(ROOT)
    await world.uploaded(await world.user())
    world.clock.advance(30 * 24 * 3600)
    await world.uploaded(await world.user())


async def test_the_history_of_a_video_says_what_its_attempts_said_last(world: World):
    video = await world.uploaded(await world.user())
    first = (await world.claimed(video.id)).video
    await world.release.after_fault(first, 0, said="OSError(28, 'No space left on device')")
    world.clock.advance(10)
    second = (await world.claimed(video.id)).video
    assert await world.mark_failed(second, DAMAGED, said="[h264] no frame!")
    seen = await world.operate.jobs.show(ROOT, video.id)
    assert [(event.type, event.attempt, event.said) for event in seen.events] == [
        (EventType.VIDEO_UPLOADED, 0, None),
        (EventType.PROCESSING_STARTED, 1, None),
        (EventType.ATTEMPT_RELEASED, 1, "OSError(28, 'No space left on device')"),
        (EventType.PROCESSING_STARTED, 2, None),
        (EventType.PROCESSING_FAILED, 2, "[h264] no frame!"),
    ]


async def test_a_user_without_the_role_may_do_nothing_and_that_they_tried_is_written_down(world: World):
    ana = await world.user()
    video, acting = await world.uploaded(ana), Operator.signed_in(ana.id)
    jobs = world.operate.jobs
    for act in (jobs.list(acting, JobFilter()), jobs.show(acting, video.id), jobs.overview(acting, world.clock.now())):
        with pytest.raises(NotAnOperator):
            await act
    with pytest.raises(NotAnOperator):
        await jobs.cancel(acting, video.id)
    assert await world.audited() == [("cancel", "NOT_AN_OPERATOR", None)]
    await world.operate.users.set_role(ROOT, ana.id, Role.OPERATOR)
    world.clock.advance(1)
    await jobs.cancel(acting, video.id)
    (entry,) = await world.transactions.read(lambda t: t.audit.page(AuditFilter(operator=ana.id), Slice(1)))
    assert (entry.deed, entry.outcome, entry.target_kind, entry.target_id) == ("cancel", "done", "video", video.id)
    await world.change_user(ana.id, disabled_at=world.clock.now())
    with pytest.raises(NotAnOperator):
        await jobs.pause(acting)


async def test_a_deed_whose_entry_cannot_be_written_is_not_done(world: World):
    video = await world.uploaded(await world.user())
    with pytest.raises(InvalidInput):
        await world.operate.jobs.cancel(ROOT, video.id, "\x1b[2J")
    world.transactions.lose("rolled back")
    with pytest.raises(DatabaseUnavailable):
        await world.operate.jobs.cancel(ROOT, video.id)
    assert (await world.row(video.id)).status is ProcessingStatus.PENDING
    assert await world.audited() == []
