"""One attempt at a video, from its claim to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from app.domain.errors import ProcessingError, StorageError
from app.domain.failure import Failure, FailureCode
from app.domain.lease import also_broken_by
from app.domain.manifest import Reading
from app.domain.video import FramesArchive, VideoId, VideoProcessing
from app.usecases.faults import failure_of, is_full, said_by
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.hold_lease import AttemptState, HoldLease
from app.usecases.mark_processing_completed import MarkProcessingCompleted
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.ports.attempt_reports import AttemptReports
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.frames import DecoderTrial
from app.usecases.process_video_frames import ProcessVideoFrames
from app.usecases.release_processing import OUTAGE, ReleaseProcessing, retry_delay
from app.usecases.start_video_processing_job import Claimed, GivenUp, HeldUntil, StartVideoProcessingJob
from app.usecases.store_breaker import StoreBreaker
from app.usecases.worker_health import WorkerHealth

_OF_THE_DECODER: Final = frozenset({FailureCode.CORRUPT_VIDEO, FailureCode.OUT_OF_MEMORY})
"""What a decoder that does not work says of every film."""
_DATABASE_AWAY: Final = timedelta(seconds=5)
_RECORD_SECONDS: Final = 0.5
_MARGIN: Final = timedelta(milliseconds=100)
"""So much after a lease's end an attempt comes again, so that it does not come a moment too early."""
_UNEXPECTED_TRIES: Final = 3


@final
@dataclass(frozen=True, slots=True)
class AttemptVideo:
    """Claim a video, work on it under the lease, and record how that ended.

    However often it is called for one video, the row's lease makes that boring. A cancellation is a shutdown or makes
    room for another user's video, since every other reason to stop ends the work from within: the video is given back
    at once.

    Return in how long there may be something to do again, and no sooner; None where nothing is left to do here: the row
    is final or gone, or another attempt owns what happens next.
    """

    start_video_processing_job: StartVideoProcessingJob
    hold_lease: HoldLease
    process_video_frames: ProcessVideoFrames
    generate_zip_file: GenerateZipFile
    mark_processing_completed: MarkProcessingCompleted
    mark_processing_failed: MarkProcessingFailed
    release_processing: ReleaseProcessing
    reports: AttemptReports
    health: WorkerHealth
    try_decoder: DecoderTrial
    stores: StoreBreaker
    clock: Clock
    max_transient_failures: int

    async def __call__(self, video: VideoId) -> timedelta | None:
        try:
            started = await self._claim(video)
        except DatabaseUnavailable:
            await self.stores.trips()
            return _DATABASE_AWAY
        match started:
            case None:
                return None
            case GivenUp(failure):
                self.reports.given_up(video, failure.code)
                return None
            case HeldUntil(at):
                return max(at + _MARGIN - self.clock.now(), timedelta())
            case Claimed():
                with self.reports.under_way(started.video, taken_over=started.taken_over):
                    return await self._work(started)

    async def _claim(self, video: VideoId) -> Claimed | HeldUntil | GivenUp | None:
        """Claim to the end even when cancelled, and give back then: half a claim would be held by nobody, and lost."""
        claiming = asyncio.create_task(self.start_video_processing_job(video))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(DatabaseUnavailable):
                if isinstance(started := await claiming, Claimed):
                    await self.release_processing.when_cancelled(started.video, started.transient_failures)
            raise

    async def _work(self, started: Claimed) -> timedelta | None:
        """Hold the lease until it is known how the work ended."""
        attempt = AttemptState()
        holding = asyncio.create_task(self.hold_lease(started.video, attempt))
        try:
            return await self._end(started, attempt, holding)
        except asyncio.CancelledError:
            self.reports.given_back()
            with suppress(DatabaseUnavailable):
                await asyncio.shield(self.release_processing.when_cancelled(started.video, started.transient_failures))
            raise
        finally:
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)

    async def _end(self, started: Claimed, attempt: AttemptState, holding: "asyncio.Task[None]") -> timedelta | None:
        """Work, and record how it ended."""
        try:
            await self._work_under_lease(started.video, attempt, holding)
        except ProcessingError as error:
            if fault := await self._fault_behind(error):
                return await self._meet(fault, started)
            self.health.worked()
            await self._fail(started.video, Failure(error.failure, error.message), error)
        except Exception as error:  # noqa: BLE001 - a bug of ours is no reason to lose the video
            return await self._meet(error, started)
        return None

    async def _fault_behind(self, verdict: ProcessingError) -> OSError | None:
        """Return what keeps this worker from decoding anything at all, if that is what makes it call a film damaged."""
        if verdict.failure in _OF_THE_DECODER:
            try:
                await self.try_decoder()
            except OSError as fault:
                return fault
        return None

    async def _meet(self, fault: Exception, started: Claimed) -> timedelta | None:
        """Let what was no fault of the video's pass, or admit that it does not."""
        faults, failure = started.transient_failures + 1, failure_of(fault)
        if not isinstance(fault, StorageError | DatabaseUnavailable | OSError):
            self.reports.broke(fault, faults)
            return await self._break(started, fault, _UNEXPECTED_TRIES, failure)
        self.reports.fault(fault, faults, full=is_full(fault))
        if isinstance(fault, OSError):
            return await self._break(started, fault, self.max_transient_failures, failure)
        if await self.stores.trips():
            return await self._sit_out(started)
        if faults < self.max_transient_failures:
            return await self._come_again(started, fault)
        await self._fail(started.video, failure, fault)
        return None

    async def _sit_out(self, started: Claimed) -> timedelta:
        """Release the video until the stores are back, as if it had never been tried."""
        self.reports.comes_again()
        await self._recorded(lambda: self.release_processing.in_an_outage(started.video, started.transient_failures))
        return OUTAGE + _MARGIN

    async def _work_under_lease(
        self, video: VideoProcessing, attempt: AttemptState, holding: "asyncio.Task[None]"
    ) -> None:
        """Make the ZIP while the lease is held; stop at once when it is lost."""
        making = asyncio.create_task(self._make_archive(video, attempt))
        try:
            await asyncio.wait({making, holding}, return_when=asyncio.FIRST_COMPLETED)
            if not making.done():
                holding.result()
                self.reports.lost(at_its_end=False)
                return
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)
        archive, reading = making.result()
        self.health.worked()
        if await self._recorded(
            lambda: self.mark_processing_completed(video, archive, attempt.media, attempt.storyboard)
        ):
            self.reports.completed(archive, reading)
        else:
            self.reports.lost(at_its_end=True)

    async def _make_archive(self, video: VideoProcessing, attempt: AttemptState) -> tuple[FramesArchive, Reading]:
        async with self.process_video_frames(video) as (media, extraction):
            attempt.media, attempt.progress = media, lambda: extraction.progress
            attempt.latest_tile = lambda: extraction.latest_tile
            with self.reports.decoding():
                made = await self.generate_zip_file(video, media, extraction, attempt.tell_of_storyboard)
                return made, extraction.reading

    async def _fail(self, video: VideoProcessing, failure: Failure, why: Exception) -> None:
        self.reports.failing(failure.code)
        if await self._recorded(lambda: self.mark_processing_failed(video, failure, said=said_by(why))):
            self.reports.failed(failure.code)
        else:
            self.reports.lost(at_its_end=True)

    async def _break(self, started: Claimed, fault: Exception, most: int, failure: Failure) -> timedelta | None:
        """Leave the video to another worker, or admit the failure once as many tries as may be broke in two of them.

        What broke as often in this one alone waits for another, which the next process in this one's place is too.
        """
        self.health.broke(started.video.id)
        if started.transient_failures + 1 >= most:
            if not self.health.is_alone(started.broken_by):
                await self._fail(started.video, failure, fault)
                return None
            self.health.make_way()
        return await self._come_again(started, fault, also_broken_by(started.broken_by, self.health.worker))

    async def _come_again(self, started: Claimed, fault: Exception, broken_by: Sequence[str] = ()) -> timedelta:
        """Release the video for later."""
        self.reports.comes_again()
        video, faults = started.video, started.transient_failures
        await self._recorded(lambda: self.release_processing.after_fault(video, faults, broken_by, said=said_by(fault)))
        return retry_delay(faults) + _MARGIN

    async def _recorded(self, end: Callable[[], Awaitable[bool]]) -> bool:
        """Record an attempt's end as often as it takes until the database has said what became of it.

        Meanwhile the lease is held. Giving up here would let it run out and count as lost, and the video would be tried
        again though its end is known.
        """
        while True:
            try:
                return await end()
            except DatabaseUnavailable as error:
                self.reports.waits(error)
            await asyncio.sleep(_RECORD_SECONDS)
