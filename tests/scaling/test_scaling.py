"""Video workers come and go with the backlog: eight, then none, and nothing is lost on the way."""

import asyncio
import signal
from itertools import pairwise

from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from app.domain.video import ProcessingStatus
from app.infra.redis.queue import PROCESS_VIDEO, VIDEO_QUEUE
from app.infra.redis.stream import QueueDepth
from tests.clips import Clips
from tests.parts.stores import ValkeyPart
from tests.parts.waiting import until
from tests.scaling.conftest import SPEED, Fleet

# Every frame twice: some seconds of work on a film of ten.
SLOW = ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, 50))


async def check_that_nothing_was_lost(fleet: Fleet) -> None:
    """One attempt for each video, no worker killed, and a queue without leftovers."""
    assert {(lease.video.status, lease.video.attempt, lease.lost_attempts) for lease in await fleet.leases()} == {
        (ProcessingStatus.COMPLETED, 1, 0)
    }
    for video in fleet.videos:
        changes = [change.status.value for change in await fleet.stack.history(video)]
        assert changes == ["Pending", "Processing", "Completed"]
    assert set(fleet.deployment.ended) <= {0, -signal.SIGTERM}  # The latter had not even read its settings yet.
    assert await fleet.depth() == QueueDepth(0, 0, 0)


async def check_that_it_went_to_zero_only_when_nothing_was_left_to_do(fleet: Fleet) -> None:
    looks = fleet.autoscaler.looks
    stops = [now for before, now in pairwise(looks) if before.replicas > now.replicas == 0]
    assert all(not any(stop.values.values()) for stop in stops)
    ends = [lease.video.completed_at for lease in await fleet.leases()]
    assert all(end is not None and end.timestamp() < stops[-1].at for end in ends)


async def test_workers_go_from_none_to_eight_and_back_to_none_as_the_backlog_rises_and_falls(
    fleet: Fleet, clips: Clips
):
    async with fleet.autoscaling() as autoscaler:
        await until(lambda: len(autoscaler.looks) > 4)
        assert {look.replicas for look in autoscaler.looks} == {0}
        await asyncio.gather(*(fleet.upload(clips.short) for _ in range(24)))
        await fleet.all_completed(90)
        await fleet.none_left(30)
    await check_that_nothing_was_lost(fleet)
    await check_that_it_went_to_zero_only_when_nothing_was_left_to_do(fleet)
    counts = [look.replicas for look in autoscaler.looks]
    assert max(counts) == 8
    first, last = counts.index(8), len(counts) - counts[::-1].index(8)
    assert sum(filter(None, autoscaler.looks[first].values.values())) > 8
    assert 0 not in counts[first:last]  # Up once and down once.


async def test_a_worker_that_is_told_to_stop_ends_its_job_first_and_takes_no_other(fleet: Fleet, clips: Clips):
    await fleet.deployment.scale(2)
    slow = [await fleet.upload(clips.bikes, SLOW) for _ in range(2)]
    for video in slow:
        await fleet.stack.until(video, lambda row: row.status is ProcessingStatus.PROCESSING, 60)
    oldest = fleet.deployment.replicas[0]
    await fleet.deployment.scale(1)
    assert [(await fleet.stack.row(video)).status.final for video in slow] == [False, False]
    await asyncio.gather(*(fleet.upload(clips.short) for _ in range(4)))
    assert await oldest.wait() == 0
    assert any([(await fleet.stack.row(video)).status.final for video in slow])
    await fleet.all_completed(60)
    assert {(lease.video.attempt, lease.lost_attempts) for lease in await fleet.leases()} == {(1, 0)}
    assert sorted(fleet.said("attempt completed")) == [1, 5]


async def test_workers_that_are_told_to_stop_while_they_are_handed_a_job_lose_none(fleet: Fleet, clips: Clips):
    await fleet.deployment.scale(4)
    await asyncio.gather(*(fleet.upload(clips.short) for _ in range(10)))
    for begun in range(1, 4):
        await until(lambda n=begun: sum(fleet.said("attempt started")) >= n, 60)  # type: ignore[misc]  # bound for this round
        await fleet.deployment.scale(4 - begun)
    await fleet.all_completed(60)
    await fleet.deployment.scale(0)
    await fleet.deployment.all_ended()
    await check_that_nothing_was_lost(fleet)


async def test_a_retry_that_is_due_later_brings_one_worker_and_keeps_it(fleet: Fleet, clips: Clips):
    video = await fleet.upload(clips.short)
    await fleet.redis.flushall()
    later = fleet.rules.cooldown_seconds / SPEED + 3
    await fleet.stack.service.redis.enqueue_job(
        PROCESS_VIDEO, video, _queue_name=VIDEO_QUEUE, _job_id=video, _defer_by=later
    )
    async with fleet.autoscaling() as autoscaler:
        await fleet.all_completed(later + 60)
        counts = [look.replicas for look in autoscaler.looks]
        assert set(counts) == {1}
        await fleet.none_left(30)
    await check_that_nothing_was_lost(fleet)
    await check_that_it_went_to_zero_only_when_nothing_was_left_to_do(fleet)


async def test_what_waits_when_redis_is_emptied_while_there_is_no_worker_wakes_them_all_the_same(
    fleet: Fleet, clips: Clips
):
    async with fleet.control(), fleet.autoscaling():
        await asyncio.gather(*(fleet.upload(clips.short) for _ in range(4)))
        await fleet.redis.flushall()
        await fleet.all_completed(60)
        await fleet.none_left(30)
    await check_that_nothing_was_lost(fleet)
    await check_that_it_went_to_zero_only_when_nothing_was_left_to_do(fleet)


async def test_a_redis_that_is_away_ends_no_worker(fleet: Fleet, valkey: ValkeyPart):
    await fleet.deployment.scale(1)
    await until(lambda: fleet.said("worker reads its queue"), 60)
    looks, patience = fleet.autoscaler.looks, fleet.rules.cooldown_seconds / SPEED + 1
    valkey.kill()
    try:
        async with fleet.autoscaling():
            await until(lambda: looks and looks[-1].at > looks[0].at + patience, 60)
    finally:
        valkey.start()
    assert {(look.replicas, *look.values.values()) for look in looks} == {(1, None, None, None, None)}
    async with fleet.autoscaling():
        await fleet.none_left(30)
    assert fleet.deployment.ended == [0]
