import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.domain.failure import FailureCode
from app.domain.video import ProcessingStatus, Progress, VideoId
from app.infra.traces import continued
from tests.contracts.story import (
    DAMAGED,
    HALFWAY,
    LEASE_SECONDS,
    MEDIA,
    WHOLE,
    Story,
    a_notification,
    after,
    an_archive,
)

EXPIRED = 1 + LEASE_SECONDS + 0.001

Action = Callable[[Story, VideoId, int], Awaitable[bool]]
ACTIONS: dict[str, Action] = {
    "heartbeat": Story.heartbeat,
    "complete": Story.complete,
    "fail": Story.fail,
    "release": Story.release,
}
LATE = pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS.keys())


async def test_a_new_video_reads_back_as_it_was_written(story: Story):
    owner = await story.user()
    video = await story.row(await story.video(owner))
    assert (video.owner, video.status, video.attempt, video.version) == (owner, ProcessingStatus.PENDING, 0, 1000)
    assert video.original_file_name == "férias 🎞.mp4"
    assert video.size_bytes == 50 * 1024**3
    assert video.created_at == after(0)
    assert (video.progress, video.media, video.archive, video.failure) == (Progress(), None, None, None)


async def test_many_workers_claim_and_one_wins(story: Story):
    owner = await story.user()
    videos = [await story.video(owner) for _ in range(8)]
    seen = [await story.lease(video) for video in videos]
    won = await asyncio.gather(*(story.claim(lease) for lease in seen for _ in range(8)))
    assert [sum(won[start : start + 8]) for start in range(0, 64, 8)] == [1] * 8
    assert {(await story.row(video)).attempt for video in videos} == {1}


async def test_a_claim_begins_the_attempt_anew(story: Story):
    video = await story.video(await story.user())
    first = await story.claimed(video, at=1)
    assert await story.heartbeat(video, first)
    await story.claimed(video, at=30, lost=1)
    lease = await story.lease(video)
    assert (lease.video.attempt, lease.lost_attempts, lease.released) == (2, 1, False)
    assert lease.wake_at == after(30 + LEASE_SECONDS)
    assert lease.video.status is ProcessingStatus.PROCESSING
    assert lease.video.progress == Progress()
    assert lease.video.started_at == after(1)  # The first time counts.
    assert lease.video.media == MEDIA  # The file is the same.
    assert lease.video.version == 4000


async def test_a_pending_video_is_claimed_whenever_a_worker_gets_it(story: Story):
    video = await story.video(await story.user(), wake=3600)
    assert await story.claimed(video, at=1) == 1


async def test_a_live_lease_is_left_alone_and_one_that_ran_out_is_taken_over(story: Story):
    video = await story.video(await story.user())
    await story.claimed(video, at=1)
    seen = await story.lease(video)
    assert not await story.claim(seen, at=1 + LEASE_SECONDS)
    assert await story.claim(seen, at=EXPIRED)


async def test_a_heartbeat_between_reading_and_claiming_keeps_the_lease(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video, at=1)
    seen = await story.lease(video)
    assert await story.heartbeat(video, attempt, at=15)
    assert not await story.claim(seen, at=EXPIRED)


async def test_a_heartbeat_extends_the_lease_and_keeps_the_progress(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    assert await story.heartbeat(video, attempt, at=6)
    lease = await story.lease(video)
    assert lease.wake_at == after(6 + LEASE_SECONDS)
    assert (lease.video.progress, lease.video.media, lease.video.version) == (HALFWAY, MEDIA, 3000)
    assert await story.heartbeat(video, attempt, at=11, media=None)
    assert (await story.row(video)).media == MEDIA


async def test_completing_publishes_all_of_the_result_at_once(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    assert await story.complete(video, attempt, at=7)
    row = await story.row(video)
    assert (row.status, row.completed_at, row.progress) == (ProcessingStatus.COMPLETED, after(7), WHOLE)
    assert row.archive == an_archive(video, attempt)
    assert row.failure is None


async def test_failing_says_why(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    assert await story.fail(video, attempt, at=7)
    row = await story.row(video)
    assert (row.status, row.completed_at, row.failure) == (ProcessingStatus.FAILED, after(7), DAMAGED)
    assert row.archive is None


async def test_a_pending_video_can_fail_without_an_attempt(story: Story):
    video = await story.video(await story.user())
    assert not await story.fail(video, 0, ProcessingStatus.PROCESSING)
    assert await story.fail(video, 0, ProcessingStatus.PENDING)
    assert (await story.row(video)).status is ProcessingStatus.FAILED


async def test_a_lost_lease_fails_only_once_it_has_run_out(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video, at=1)
    assert not await story.fail(video, attempt, at=1 + LEASE_SECONDS, expired=True)
    assert await story.fail(video, attempt, at=EXPIRED, expired=True)


async def test_a_released_video_stays_processing_and_counts_as_no_lost_attempt(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    assert await story.release(video, attempt, wake=20, transient_failures=3)
    lease = await story.lease(video)
    assert lease.video.status is ProcessingStatus.PROCESSING
    assert (lease.released, lease.lost_attempts, lease.transient_failures, lease.wake_at) == (True, 0, 3, after(20))
    assert not await story.claim(lease, at=20)
    assert await story.claim(lease, at=20.001)
    again = await story.lease(video)
    assert (again.released, again.lost_attempts, again.transient_failures, again.video.attempt) == (False, 0, 3, 2)


async def test_the_workers_that_a_video_broke_in_are_remembered_until_others_follow(story: Story):
    video = await story.video(await story.user())
    assert (await story.lease(video)).broken_by == ()
    seen = []
    for at, broken_by in ((10, ("a-host-7-0a1b2c3d", "another")), (20, ()), (30, ("another", "a-third"))):
        attempt = await story.claimed(video, at=at)
        assert await story.release(video, attempt, wake=at, broken_by=broken_by)
        seen.append((await story.lease(video)).broken_by)
    assert seen == [("a-host-7-0a1b2c3d", "another"), ("a-host-7-0a1b2c3d", "another"), ("another", "a-third")]


async def test_a_claim_for_an_expired_lease_is_refused_once_it_was_released(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    seen = await story.lease(video)
    assert await story.release(video, attempt, wake=2)
    assert not await story.claim(seen, at=EXPIRED, lost=1)


async def test_a_claim_that_saw_an_older_attempt_is_refused_even_when_the_newer_one_ran_out_too(story: Story):
    video = await story.video(await story.user())
    await story.claimed(video, at=1)
    seen = await story.lease(video)
    await story.claimed(video, at=EXPIRED)
    assert not await story.claim(seen, at=1000, lost=1)
    assert (await story.row(video)).attempt == 2


async def test_a_worker_that_released_its_lease_can_neither_renew_nor_release_it(story: Story):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    assert await story.release(video, attempt, wake=2)
    assert not await story.heartbeat(video, attempt)
    assert not await story.release(video, attempt, wake=100)
    assert (await story.lease(video)).wake_at == after(2)


@LATE
async def test_a_worker_that_lost_its_lease_changes_nothing_after_a_takeover(story: Story, action: Action):
    video = await story.video(await story.user())
    zombie = await story.claimed(video, at=1)
    await story.claimed(video, at=EXPIRED, lost=1)
    before = await story.lease(video)
    assert not await action(story, video, zombie)
    assert await story.lease(video) == before


@LATE
async def test_a_worker_that_lost_its_lease_changes_nothing_after_another_completed(story: Story, action: Action):
    video = await story.video(await story.user())
    zombie = await story.claimed(video, at=1)
    assert await story.complete(video, await story.claimed(video, at=EXPIRED))
    before = await story.lease(video)
    assert not await action(story, video, zombie)
    assert await story.lease(video) == before


@LATE
async def test_nothing_changes_a_completed_video(story: Story, action: Action):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    assert await story.complete(video, attempt)
    before = await story.lease(video)
    assert not await action(story, video, attempt)
    assert not await story.fail(video, attempt, ProcessingStatus.COMPLETED)
    assert not await story.claim(before, at=1000)
    assert await story.lease(video) == before


@LATE
async def test_nothing_changes_a_failed_video(story: Story, action: Action):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    assert await story.fail(video, attempt)
    before = await story.lease(video)
    assert not await action(story, video, attempt)
    assert not await story.fail(video, attempt, ProcessingStatus.FAILED)
    assert not await story.claim(before, at=1000)
    assert await story.lease(video) == before


@LATE
async def test_nothing_happens_to_a_deleted_video(story: Story, action: Action):
    video = await story.video(await story.user())
    attempt = await story.claimed(video)
    seen = await story.lease(video)
    assert await story.transactions.write(lambda t: t.videos.remove(video))
    assert not await action(story, video, attempt)
    assert not await story.claim(seen, at=1000)
    assert not await story.transactions.write(lambda t: t.videos.remove(video))
    assert await story.transactions.read(lambda t: t.videos.lease(video)) is None


async def test_of_a_completion_a_failure_and_a_takeover_at_once_exactly_one_wins(story: Story):
    owner = await story.user()
    for _ in range(5):
        video = await story.video(owner)
        attempt = await story.claimed(video, at=1)
        seen = await story.lease(video)
        results = await asyncio.gather(
            story.complete(video, attempt), story.fail(video, attempt), story.claim(seen, at=EXPIRED, lost=1)
        )
        assert sum(results) == 1


async def test_the_longest_waiting_are_due_first_and_only_once_their_time_has_passed(story: Story):
    owner = await story.user()
    late = await story.video(owner, wake=9)
    early = await story.video(owner, wake=5)
    running = await story.video(owner)
    await story.claimed(running, at=-8)
    done = await story.video(owner)
    assert await story.complete(done, await story.claimed(done))
    assert await story.due(at=5) == []
    assert await story.due(at=7.001) == [(early, 0), (running, 0)]
    assert await story.due(at=100) == [(early, 0), (running, 0), (late, 0)]
    assert await story.due(at=100, limit=2) == [(early, 0), (running, 0)]


async def test_a_video_swept_without_effect_is_due_again_only_after_its_delay(story: Story):
    owner = await story.user()
    first, second = await story.video(owner, wake=0), await story.video(owner, wake=1)
    await story.swept({first: 10.0, second: 20.0}, at=2)
    assert await story.due(at=10) == []
    assert await story.due(at=10.001) == [(first, 1)]
    assert await story.due(at=21.001) == [(first, 1), (second, 1)]


async def test_a_video_long_overdue_waits_its_whole_delay_too(story: Story):
    video = await story.video(await story.user(), wake=0)
    await story.swept({video: 10.0}, at=3600)
    assert await story.due(at=3610) == []
    assert await story.due(at=3610.001) == [(video, 1)]


async def test_a_sweep_leaves_alone_what_was_claimed_meanwhile(story: Story):
    video = await story.video(await story.user(), wake=0)
    await story.claimed(video, at=2)
    before = await story.row(video)
    await story.swept({video: 600.0}, at=2)
    assert await story.row(video) == before
    assert await story.due(at=2 + LEASE_SECONDS + 0.001) == [(video, 0)]


@pytest.mark.parametrize("action", [Story.heartbeat, Story.release], ids=["heartbeat", "release"])
async def test_progress_of_a_video_resets_the_backoff_of_the_sweep(story: Story, action: Action):
    video = await story.video(await story.user(), wake=0)
    attempt = await story.claimed(video, at=1)
    await story.swept({video: 600.0}, at=20)
    assert await story.due(at=100) == []
    assert await action(story, video, attempt)
    assert await story.due(at=100) == [(video, 0)]


async def test_every_change_raises_the_version(story: Story):
    video = await story.video(await story.user())
    versions = [(await story.row(video)).version]

    async def changed(done: Awaitable[object]) -> None:
        await done
        versions.append((await story.row(video)).version)

    await changed(story.swept({video: 1.0}, at=1))
    await changed(story.claimed(video, at=1))
    await changed(story.heartbeat(video, 1))
    await changed(story.heartbeat(video, 1))  # The same again is a change too.
    await changed(story.release(video, 1, wake=2))
    await changed(story.claimed(video, at=3))
    await changed(story.complete(video, 2))
    assert versions == [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]


async def test_a_reason_of_any_length_fits(story: Story):
    video = await story.video(await story.user())
    long = type(DAMAGED)(FailureCode.INTERNAL, "é" * 10_000)
    seen = await story.row(video)
    assert await story.transactions.write(lambda t: t.videos.fail(seen, failure=long, at=after(1)))
    assert (await story.row(video)).failure == long


@pytest.mark.parametrize("trace", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None])
async def test_due_work_carries_the_trace_in_which_it_was_recorded(story: Story, trace: str | None):
    owner = await story.user()
    with continued(trace):
        await story.video(owner)
        await story.enqueue_notification(a_notification(owner, None))
    (due,) = await story.transactions.read(lambda t: t.videos.due(after(1), 10))
    (owed,) = await story.due_notifications(at=1)
    assert (due.traceparent, owed.traceparent) == (trace, trace)


async def test_all_that_is_held_is_released_at_one_stroke_but_what_was_under_way_too_often(story: Story):
    owner = await story.user()
    held, often, given_back, pending, done = [await story.video(owner) for _ in range(5)]
    await story.claimed(held)
    assert await story.release(often, await story.claimed(often), wake=2, transient_failures=10)
    await story.claimed(often, at=3)
    assert await story.release(given_back, await story.claimed(given_back), wake=7, transient_failures=1)
    assert await story.complete(done, await story.claimed(done))
    before = {video: await story.lease(video) for video in (often, given_back, pending, done)}
    assert await story.transactions.write(lambda t: t.videos.release_all(wake_at=after(5), below=10)) == 1
    lease = await story.lease(held)
    assert (lease.released, lease.lost_attempts, lease.transient_failures, lease.wake_at) == (True, 0, 1, after(5))
    assert {video: await story.lease(video) for video in before} == before


async def test_what_ran_out_by_then_is_released_and_nothing_that_is_held(story: Story):
    owner = await story.user()
    run_out, held = await story.video(owner), await story.video(owner)
    await story.claimed(run_out, at=1)
    await story.claimed(held, at=500)
    before = await story.lease(held)

    async def released() -> int:
        return await story.transactions.write(
            lambda t: t.videos.release_all(wake_at=after(501), below=10, run_out_before=after(400))
        )

    assert [await released(), await released()] == [1, 0]
    assert (await story.lease(run_out)).released
    assert await story.lease(held) == before
