"""Attempts at videos as operators see them: log lines, the worker's counters, and spans."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from errno import ETIME
from typing import final

import structlog
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_current_span

from app.domain.failure import FailureCode
from app.domain.manifest import Reading
from app.domain.user import pseudonym
from app.domain.video import FramesArchive, VideoId, VideoProcessing
from app.infra.traces import span
from app.infra.worker_metrics import WorkerMetrics

log = structlog.get_logger(__name__)


@final
class WorkerReports:
    """Reports what attempts of this worker come to, each time under the attempt's own names."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        self._metrics = metrics

    @contextmanager
    def under_way(self, video: VideoProcessing, *, taken_over: bool) -> Iterator[None]:
        told: dict[str, str | int] = {"video": video.id, "user": pseudonym(video.owner), "attempt": video.attempt}
        self._metrics.attempts.inc()
        self._metrics.taken_over.inc(taken_over)
        with (
            structlog.contextvars.bound_contextvars(**told),
            span("process video", SpanKind.CONSUMER, {f"fiapx.{name}": value for name, value in told.items()}),
            self._metrics.attempt_seconds.time(),
        ):
            log.info("attempt started")
            yield

    def decoding(self) -> AbstractContextManager[Span]:
        return span("decode, zip and upload")

    def given_up(self, video: VideoId, code: FailureCode) -> None:
        log.warning("given up, its workers died", video=video, code=code)
        self._metrics.failures.labels(code).inc()

    def fault(self, fault: Exception, transient_failures: int, *, full: bool) -> None:
        if isinstance(fault, OSError) and fault.errno == ETIME:
            self._metrics.stalled.inc()
        if full:
            log.error(
                "no space is left for a video",
                fault=repr(fault),
                transient_failures=transient_failures,
                do="free some space; it comes again",
            )
        else:
            log.warning("a passing fault", fault=repr(fault), transient_failures=transient_failures)

    def broke(self, fault: Exception, transient_failures: int) -> None:
        log.error("the attempt broke", transient_failures=transient_failures, exc_info=fault)

    def stores_away(self, stores: Sequence[str]) -> None:
        log.error("a store is away, no video is taken until it is back", stores=stores)
        self._metrics.paused.set(1)

    def stores_back(self) -> None:
        log.info("the stores are back, videos are taken again")
        self._metrics.paused.set(0)

    def comes_again(self) -> None:
        self._metrics.ended.labels("fault").inc()
        get_current_span().set_status(Status(StatusCode.ERROR, "Retry"))

    def given_back(self) -> None:
        log.info("given back unfinished")
        self._metrics.ended.labels("given back").inc()

    def failing(self, code: FailureCode) -> None:
        log.info("attempt failed", code=code)
        get_current_span().set_attribute("fiapx.failure", code.value)

    def waits(self, fault: Exception) -> None:
        log.warning("the attempt's end waits for the database", fault=str(fault))

    def failed(self, code: FailureCode) -> None:
        self._metrics.ended.labels("failed").inc()
        self._metrics.failures.labels(code).inc()

    def completed(self, archive: FramesArchive, reading: Reading) -> None:
        self._metrics.ended.labels("completed").inc()
        self._metrics.frames.inc(archive.frame_count)
        self._metrics.archive_bytes.inc(archive.size_bytes)
        log.info(
            "attempt completed",
            frames=archive.frame_count,
            bytes=archive.size_bytes,
            decoding=reading.decoding,
            why=reading.whole,
            packets=reading.packets,
            packets_decoded=reading.packets_decoded,
        )

    def lost(self, *, at_its_end: bool) -> None:
        log.info(
            "the end came too late, the lease is no longer ours"
            if at_its_end
            else "stopped, the lease is no longer ours"
        )
        self._metrics.ended.labels("lost").inc()
