"""What operators do with processings, whoever's they are."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.audit import Deed, Operator, Target
from app.domain.errors import (
    DomainError,
    InvalidInput,
    ProcessingAlreadyFinished,
    ProcessingNotFinished,
    UserNotFound,
    VideoNotFound,
)
from app.domain.events import DomainEvent
from app.domain.failure import CANCELED_BY_OPERATOR, FailureCode
from app.domain.lease import Lease
from app.domain.retention import Retention
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoId, VideoProcessing, new_video_id
from app.usecases.audit import AuditedDeeds, Done
from app.usecases.mark_processing_failed import fail_processing
from app.usecases.paging import ANY, Page, PageKey, Slice, Wanted, paged
from app.usecases.ports.jobs import Job, JobFilter
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.pauses import Pause
from app.usecases.ports.queue import JobQueue, WorkerSeen
from app.usecases.ports.transactions import Transaction
from app.usecases.ports.videos import Backlog
from app.usecases.videos import add_again, same_again

_NOTICED: Final = timedelta(seconds=6)
"""By then whoever held a lease that was taken has noticed, at its heartbeat, and the queue has its job back."""
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class JobHistory:
    """A processing and all that happened to it, with what its attempts said last where they ended badly."""

    job: Job
    events: Sequence[DomainEvent]
    processed_again_as: VideoId | None


@dataclass(frozen=True, slots=True)
class WorkOverview:
    """How much there is to do, what keeps it from being done, and what failed since a time."""

    backlog: Backlog
    paused: int
    pauses: Sequence[Pause]
    failures: Mapping[FailureCode, int]
    workers: Sequence[WorkerSeen] | None
    """None where the queue is away, which knows them."""


@final
@dataclass(frozen=True, slots=True)
class JobOperations:
    """List processings, look at one, and do what operators may with them; each deed is in the audit log.

    :raises NotAnOperator: from all, where a user acts who has not the role
    :raises VideoNotFound: from each that names one, where there is none
    :raises UserNotFound: from each that names an owner, where there is none
    """

    deeds: AuditedDeeds
    queue: JobQueue
    live: LiveStatus
    retention: Retention

    async def list(
        self,
        operator: Operator,
        which: JobFilter,
        wanted: Wanted = ANY,
        *,
        oldest_first: bool = False,
    ) -> Page[Job]:
        """Return a page of these by when they were uploaded.

        :raises InvalidInput: for a page size that there is not or a cursor that is not ours
        """
        asked = wanted.slice()
        return await self.deeds.read(
            operator,
            lambda t: paged(asked, lambda part: t.jobs.page(which, part, oldest_first=oldest_first)),
        )

    async def show(self, operator: Operator, video: VideoId) -> JobHistory:
        """Return one with its whole history."""

        async def look(t: Transaction) -> JobHistory:
            job = await t.jobs.get(video)
            if job is None:
                raise VideoNotFound
            return JobHistory(job, await t.events.log(video), await t.jobs.processed_again(video))

        return await self.deeds.read(operator, look)

    async def overview(self, operator: Operator, since: datetime) -> WorkOverview:
        """Return how the work stands, with what failed since then."""
        now, workers = self.deeds.clock.now(), await self.queue.workers()

        async def look(t: Transaction) -> WorkOverview:
            backlog, failures = await t.videos.backlog(now), await t.jobs.failures(since)
            return WorkOverview(backlog, await t.jobs.paused(), await t.pauses.all(), failures, workers)

        return await self.deeds.read(operator, look)

    async def retry(self, operator: Operator, video: VideoId, reason: str | None = None) -> VideoProcessing:
        """Process a failed video's file again: a new processing of its owner's, which no quota keeps out.

        :raises ProcessingNotFinished: where it has not ended
        :raises ProcessingAlreadyFinished: where it was completed
        :raises InvalidInput: where its file was processed again already
        :raises VideoExpired: where the file is no longer kept
        """
        new = new_video_id()

        async def step(t: Transaction, now: datetime) -> Done[VideoProcessing]:
            seen = await _there(t, video)
            await t.users.lock(seen.owner)
            if not seen.status.final:
                raise ProcessingNotFinished
            if seen.status is ProcessingStatus.COMPLETED:
                raise ProcessingAlreadyFinished
            if later := await t.jobs.processed_again(video):
                raise InvalidInput(f"This file was processed again already, as {later}.", field=("id",))
            self.retention.refuse_expired(seen, now)
            again = same_again(seen, new, now)
            await add_again(t, seen, again)
            return Done(again, {"as": again.id})

        again = await self.deeds.carry_out(operator, Deed.RETRY, Target.video(video), reason, step)
        await self.live.publish(again)
        await self.queue.process_video(again.id, again.owner)
        return again

    async def retry_failed(
        self, operator: Operator, code: FailureCode, since: datetime | None = None, reason: str | None = None
    ) -> AsyncIterator[tuple[VideoId, VideoProcessing]]:
        """Retry all that failed with this code, and since then, the first uploaded first; yield each and its new one.

        Whose file was processed again is left alone, so a second run does nothing. So is what is no longer kept.
        """
        wanted = JobFilter(frozenset({ProcessingStatus.FAILED}), code=code, ended_since=since, last_of_its_file=True)
        part = Slice(_BATCH)
        while True:
            found = await self.deeds.read(
                operator,
                lambda t, part=part: t.jobs.page(wanted, part, oldest_first=True),  # type: ignore[misc]
            )
            for job in found:
                try:
                    again = await self.retry(operator, job.video.id, reason)
                except DomainError:
                    continue  # The audit log has it.
                yield job.video.id, again
            if len(found) < _BATCH:
                return
            part = Slice(_BATCH, after=PageKey.of(found[-1]))

    async def cancel(self, operator: Operator, video: VideoId, reason: str | None = None) -> VideoProcessing:
        """Make an unfinished processing Failed, and tell its owner who did that.

        :raises ProcessingAlreadyFinished: where it has ended, perhaps just now
        """

        async def step(t: Transaction, now: datetime) -> Done[VideoProcessing]:
            # Each round that loses its race has seen the row move on.
            while not await fail_processing(t, (await _unfinished(t, video)).video, CANCELED_BY_OPERATOR, now):
                pass
            canceled = await _there(t, video)
            return Done(canceled, {"attempt": canceled.attempt})

        canceled = await self.deeds.carry_out(operator, Deed.CANCEL, Target.video(video), reason, step)
        await self.live.publish(canceled)
        await self.queue.deliver_notifications()
        return canceled

    async def release(self, operator: Operator, video: VideoId, reason: str | None = None) -> int:
        """Take the lease from the attempt that holds it, so that another begins; return that attempt's number.

        Whoever held it stops at the next heartbeat, and can change nothing once another has begun. It does not count
        as a lost attempt.

        :raises ProcessingAlreadyFinished: where it has ended
        :raises InvalidInput: where no attempt holds it
        """

        async def step(t: Transaction, now: datetime) -> Done[int]:
            seen = await _unfinished(t, video)
            attempt, faults = seen.video.attempt, seen.transient_failures
            if not await t.videos.release(video, attempt, wake_at=now + _NOTICED, transient_failures=faults):
                raise InvalidInput("No attempt holds this video.", field=("id",))
            return Done(attempt, {"attempt": attempt})

        return await self.deeds.carry_out(operator, Deed.RELEASE, Target.video(video), reason, step)

    async def pause(self, operator: Operator, owner: UserId | None = None, reason: str | None = None) -> None:
        """Let no new attempt begin at an owner's videos, or at any; what runs goes on, and uploads are accepted.

        Workers hear of it from the row when they would begin, so it holds whatever becomes of the queue.
        """

        async def step(t: Transaction, now: datetime) -> Done[None]:
            await _check_there(t, owner)
            await t.pauses.begin(owner, now)
            return Done(None)

        await self.deeds.carry_out(operator, Deed.PAUSE, Target.user(owner), reason, step)

    async def resume(self, operator: Operator, owner: UserId | None = None, reason: str | None = None) -> None:
        """End a pause; the next sweep finds what waits. Another pause, of all or of one, stays."""

        async def step(t: Transaction, now: datetime) -> Done[None]:
            del now
            await _check_there(t, owner)
            await t.pauses.end(owner)
            await t.jobs.wake(owner)
            return Done(None)

        await self.deeds.carry_out(operator, Deed.RESUME, Target.user(owner), reason, step)


async def _there(t: Transaction, video: VideoId) -> VideoProcessing:
    found = await t.videos.get(video)
    if found is None:
        raise VideoNotFound
    return found


async def _unfinished(t: Transaction, video: VideoId) -> Lease:
    found = await t.videos.lease(video)
    if found is None:
        raise VideoNotFound
    if found.video.status.final:
        raise ProcessingAlreadyFinished
    return found


async def _check_there(t: Transaction, owner: UserId | None) -> None:
    if owner is not None and not await t.users.lock(owner):
        raise UserNotFound
