import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.events import DomainEvent, EventType
from app.domain.failure import Failure, FailureCode
from app.domain.lease import Lease
from app.domain.video import ProcessingStatus, VideoId, VideoProcessing
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.ports.clock import Clock
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.transactions import Transaction, Transactions

_FOR_OTHERS: Final = timedelta(seconds=10)
"""So long a worker leaves to others what broke in itself."""
_OTHERS_COME_BY: Final = timedelta(seconds=1)
_MAX_LOST_ATTEMPTS: Final = 3
"""A video whose workers died so often has something to do with it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The lease is ours: the processing in our attempt, and how often in a row it met a passing fault.

    ``taken_over`` says that the lease of another had run out: that one died, or was cut off. ``broken_by`` are workers
    in which it broke before.
    """

    video: VideoProcessing
    transient_failures: int
    taken_over: bool
    broken_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldUntil:
    """Another holds a live lease, or it is for later, or for another than you: come again then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Its workers died once too often: it has just failed of that."""

    failure: Failure


@final
@dataclass(frozen=True, slots=True)
class StartVideoProcessingJob:
    """Claim a processing by one compare-and-set; the next attempt's number is the fencing token.

    A lease that ran out counts as a lost attempt, one that was given back does not, and one lost attempt too many is
    the end. Gives None where there is nothing to do any more, or nothing for now: what is paused is found by the sweep
    once it is not.
    """

    transactions: Transactions
    mark_failed: MarkProcessingFailed
    live: LiveStatus
    clock: Clock
    lease: timedelta
    worker: str
    """Who claims, by a name that no other worker has."""
    grace: timedelta
    """So long after it was seen to have run out a lease is taken over only if it still has: after an outage of the
    database all have run out at once, and who holds one hears of its end no later than we do."""

    async def __call__(self, video: VideoId) -> Claimed | HeldUntil | GivenUp | None:
        while True:  # Each round that loses its race has seen the row move on.
            seen = await self.transactions.read(lambda t: t.videos.lease(video))
            if seen is None or seen.video.status.final or seen.paused:
                return None
            now = self.clock.now()
            if not seen.understood:  # What we would make of it would not be what was asked for.
                return HeldUntil(now + _FOR_OTHERS)
            taken_over = seen.video.status is ProcessingStatus.PROCESSING
            if taken_over and seen.wake_at >= now:
                return HeldUntil(seen.wake_at)
            if seen.broken_by[-1:] == (self.worker,) and now < seen.wake_at + _FOR_OTHERS:
                return HeldUntil(now + _OTHERS_COME_BY)
            died = taken_over and not seen.released
            if died:
                await asyncio.sleep(self.grace.total_seconds())
                now = self.clock.now()
            lost = seen.lost_attempts + died
            if lost >= _MAX_LOST_ATTEMPTS:
                failure = Failure(FailureCode.WORKER_LOST, FailureCode.WORKER_LOST.reason)
                if await self.mark_failed(seen.video, failure, expired=True):
                    return GivenUp(failure)
                continue
            if (claimed := await self._claim(seen, now, lost)) is not None:
                await self.live.publish(claimed)
                return Claimed(claimed, seen.transient_failures, died, seen.broken_by)

    async def _claim(self, seen: Lease, now: datetime, lost: int) -> VideoProcessing | None:
        async def step(t: Transaction) -> VideoProcessing | None:
            if not await t.videos.claim(seen, now=now, until=now + self.lease, lost_attempts=lost):
                return None
            attempt = seen.video.attempt + 1
            await t.events.add(DomainEvent(seen.video.id, EventType.PROCESSING_STARTED, now, attempt))
            return await t.videos.get(seen.video.id)

        return await self.transactions.write(step)
