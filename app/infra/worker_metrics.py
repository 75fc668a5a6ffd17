"""What operators see of a worker, as Prometheus reads it."""

from typing import Final, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.domain.video import FramesArchive
from app.usecases.worker_health import WorkerHealth

_SECONDS: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 21600)


@final
class WorkerMetrics:
    """One worker's counters. Frames and bytes a second are their rates: ``rate(fiapx_frames_total[5m])``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.attempts = Counter("fiapx_attempts", "Attempts that began.", registry=self.registry)
        self.taken_over = Counter(
            "fiapx_lease_takeovers", "Attempts that took over a lease that had run out.", registry=self.registry
        )
        self.ended = Counter("fiapx_attempts_ended", "How attempts ended.", ["outcome"], registry=self.registry)
        self.failures = Counter(
            "fiapx_videos_failed", "Videos that failed here, by code.", ["code"], registry=self.registry
        )
        self.frames = Counter("fiapx_frames", "Frames in the ZIPs that were made here.", registry=self.registry)
        self.archive_bytes = Counter("fiapx_archive_bytes", "Bytes of those ZIPs.", registry=self.registry)
        self.broken_in_a_row = Gauge(
            "fiapx_worker_broken_in_a_row",
            "Different videos that broke here since one last did not.",
            registry=self.registry,
        )
        self.unfit = Gauge("fiapx_worker_unfit", "Whether it takes no more videos and ends.", registry=self.registry)
        self.stalled = Counter(
            "fiapx_attempts_stalled", "Attempts whose decoder did nothing for too long.", registry=self.registry
        )
        self.paused = Gauge(
            "fiapx_worker_paused", "Whether it takes no video since a store is away.", registry=self.registry
        )
        self.attempt_seconds = Histogram(
            "fiapx_attempt_seconds", "From an attempt's claim to its end.", buckets=_SECONDS, registry=self.registry
        )

    def tell_of(self, health: WorkerHealth) -> None:
        """Show how this worker is."""
        self.broken_in_a_row.set_function(lambda: health.broken_in_a_row)
        self.unfit.set_function(health.unfit.is_set)

    def completed(self, archive: FramesArchive) -> None:
        """Count a ZIP that was published."""
        self.ended.labels("completed").inc()
        self.frames.inc(archive.frame_count)
        self.archive_bytes.inc(archive.size_bytes)

    def failed(self, code: str) -> None:
        """Count a video that failed."""
        self.ended.labels("failed").inc()
        self.failures.labels(code).inc()

    def text(self) -> bytes:
        """Write all of them in Prometheus's text format."""
        return generate_latest(self.registry)
