"""The job that turns one video into its ZIP. However often it is delivered, the row's lease makes that boring."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from errno import EDQUOT, ENOSPC
from typing import Any, Final

import structlog
from arq import Retry
from opentelemetry.trace import SpanKind, get_current_span

from app.domain.errors import ProcessingError, StorageError, StorageFull
from app.domain.failure import NO_SPACE, Failure, FailureCode
from app.domain.manifest import Reading
from app.domain.user import pseudonym
from app.domain.video import FramesArchive, VideoId, VideoProcessing
from app.infra.traces import span
from app.usecases.catalogue import VideoUseCases
from app.usecases.hold_lease import Attempt
from app.usecases.ports.database import DatabaseFull, DatabaseUnavailable
from app.usecases.release_processing import retry_delay
from app.usecases.start_video_processing_job import Claimed, GivenUp, HeldUntil
from jobs.metrics import WorkerMetrics

log = structlog.get_logger(__name__)

_PASSING_FAULTS: Final = (StorageError, DatabaseUnavailable, OSError)
_DATABASE_AWAY: Final = timedelta(seconds=5)
_RECORD_SECONDS: Final = 0.5
_MARGIN: Final = timedelta(milliseconds=100)
"""So much after a lease's end a job comes again, so that it does not come a moment too early."""
_UNEXPECTED_TRIES: Final = 3


async def process_video(ctx: Mapping[str, Any], video_id: str) -> None:
    """Claim the video, work on it under the lease, and record how it ended.

    Returning acknowledges the job: the row is final or gone, or another attempt owns what happens next.
    ``Retry`` brings the job back at a given time.
    """
    work: VideoUseCases = ctx["work"]
    try:
        started = await _claim(work, VideoId(video_id))
    except DatabaseUnavailable:
        raise Retry(_DATABASE_AWAY) from None
    metrics: WorkerMetrics = ctx["metrics"]
    if started is None:
        return
    if isinstance(started, GivenUp):
        log.warning("given up, its workers died", video=video_id, code=started.failure.code)
        metrics.failures.labels(started.failure.code).inc()
        return
    if isinstance(started, HeldUntil):
        raise Retry(max(started.at - work.start_video_processing_job.clock.now(), timedelta()) + _MARGIN)
    user, attempt = pseudonym(started.video.owner), started.video.attempt
    told: dict[str, str | int] = {"video": video_id, "user": user, "attempt": attempt}
    with (
        structlog.contextvars.bound_contextvars(**told),
        span("process video", SpanKind.CONSUMER, {f"fiapx.{name}": value for name, value in told.items()}),
        metrics.attempt(taken_over=started.taken_over),
    ):
        await _attempt(work, metrics, started, ctx["max_faults"])


async def _claim(work: VideoUseCases, video: VideoId) -> Claimed | HeldUntil | GivenUp | None:
    """Claim to the end even when cancelled, and give back then: half a claim would be held by nobody, and be lost."""
    claiming = asyncio.create_task(work.start_video_processing_job(video))
    try:
        return await asyncio.shield(claiming)
    except asyncio.CancelledError:
        with suppress(DatabaseUnavailable):
            if isinstance(started := await claiming, Claimed):
                await work.release_processing.after_shutdown(started.video, started.faults)
        raise


async def _attempt(work: VideoUseCases, metrics: WorkerMetrics, started: Claimed, max_faults: int) -> None:
    """Work, and record how it ended; the lease is held until that is known."""
    video, faults, attempt = started.video, started.faults, Attempt()
    log.info("attempt started")
    holding = asyncio.create_task(work.hold_lease(video, attempt))
    try:
        try:
            await _work_under_lease(work, metrics, video, attempt, holding)
        except ProcessingError as error:
            await _fail(work, metrics, video, Failure(error.failure, error.message))
        except _PASSING_FAULTS as error:
            code = FailureCode.STORAGE_ERROR
            full = _is_full(error)
            _tell_fault(error, faults + 1, full=full)
            await _come_back(work, metrics, video, faults, max_faults, Failure(code, NO_SPACE if full else code.reason))
        except Exception:
            log.exception("the attempt broke", faults=faults + 1)
            internal = Failure(FailureCode.INTERNAL, FailureCode.INTERNAL.reason)
            await _come_back(work, metrics, video, faults, _UNEXPECTED_TRIES, internal)
    except asyncio.CancelledError:
        # Only a shutdown cancels a job: every other reason to stop ends the work from within.
        log.info("given back for a shutdown")
        metrics.ended.labels("given back").inc()
        with suppress(DatabaseUnavailable):
            await asyncio.shield(work.release_processing.after_shutdown(video, faults))
        raise
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)


def _is_full(fault: Exception) -> bool:
    return isinstance(fault, StorageFull | DatabaseFull) or getattr(fault, "errno", None) in {ENOSPC, EDQUOT}


def _tell_fault(fault: Exception, faults: int, *, full: bool) -> None:
    if full:
        log.error(
            "no space is left for a video", fault=repr(fault), faults=faults, do="free some space; it comes again"
        )
    else:
        log.warning("a passing fault", fault=repr(fault), faults=faults)


async def _work_under_lease(
    work: VideoUseCases,
    metrics: WorkerMetrics,
    video: VideoProcessing,
    attempt: Attempt,
    holding: "asyncio.Task[None]",
) -> None:
    """Make the ZIP while the lease is held; stop at once when it is lost."""
    making = asyncio.create_task(_make_archive(work, video, attempt))
    try:
        await asyncio.wait({making, holding}, return_when=asyncio.FIRST_COMPLETED)
        if not making.done():
            holding.result()
            log.info("stopped, the lease is no longer ours")
            metrics.ended.labels("lost").inc()
            return
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
    archive, reading = making.result()
    if await _recorded(lambda: work.mark_processing_completed(video, archive, attempt.media)):
        metrics.completed(archive)
        _tell_completed(archive, reading)
    else:
        _tell_late(metrics)


async def _recorded(end: Callable[[], Awaitable[bool]]) -> bool:
    """Record an attempt's end as often as it takes until the database has said what became of it.

    Meanwhile the lease is held. Giving up here would let it run out and count as lost, and the video would be tried
    again though its end is known.
    """
    while True:
        try:
            return await end()
        except DatabaseUnavailable as error:
            log.warning("the attempt's end waits for the database", fault=str(error))
        await asyncio.sleep(_RECORD_SECONDS)


def _tell_late(metrics: WorkerMetrics) -> None:
    log.info("the end came too late, the lease is no longer ours")
    metrics.ended.labels("lost").inc()


def _tell_completed(archive: FramesArchive, reading: Reading) -> None:
    log.info(
        "attempt completed",
        frames=archive.frame_count,
        bytes=archive.size_bytes,
        decoding=reading.decoding,
        why=reading.whole,
        packets=reading.packets,
        packets_decoded=reading.packets_decoded,
    )


async def _make_archive(work: VideoUseCases, video: VideoProcessing, attempt: Attempt) -> tuple[FramesArchive, Reading]:
    async with work.process_video_frames(video) as (media, extraction):
        attempt.media, attempt.progress = media, lambda: extraction.progress
        with span("decode, zip and upload"):
            return await work.generate_zip_file(video, media, extraction), extraction.reading


async def _fail(work: VideoUseCases, metrics: WorkerMetrics, video: VideoProcessing, failure: Failure) -> None:
    log.info("attempt failed", code=failure.code)
    get_current_span().set_attribute("fiapx.failure", failure.code.value)
    if await _recorded(lambda: work.mark_processing_failed(video, failure)):
        metrics.failed(failure.code)
    else:
        _tell_late(metrics)


async def _come_back(
    work: VideoUseCases,
    metrics: WorkerMetrics,
    video: VideoProcessing,
    faults: int,
    max_faults: int,
    failure: Failure,
) -> None:
    if faults + 1 >= max_faults:
        await _fail(work, metrics, video, failure)
        return
    metrics.ended.labels("fault").inc()
    await _recorded(lambda: work.release_processing.after_fault(video, faults))
    raise Retry(retry_delay(faults) + _MARGIN)
