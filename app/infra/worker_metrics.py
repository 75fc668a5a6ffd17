"""What operators see of a worker, as Prometheus reads it."""

from functools import partial
from typing import Final, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from app.usecases.worker_health import WorkerHealth

_SECONDS: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 21600)


@final
class WorkerMetrics:
    """One worker's counters. Frames and bytes a second are their rates: ``rate(fiapx_frames_total[5m])``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        self.attempts = counter("fiapx_attempts", "Attempts that began.")
        self.taken_over = counter("fiapx_lease_takeovers", "Attempts that took over a lease that had run out.")
        self.ended = counter("fiapx_attempts_ended", "How attempts ended.", ["outcome"])
        self.failures = counter("fiapx_videos_failed", "Videos that failed here, by code.", ["code"])
        self.frames = counter("fiapx_frames", "Frames in the ZIPs that were made here.")
        self.archive_bytes = counter("fiapx_archive_bytes", "Bytes of those ZIPs.")
        self.broken_in_a_row = gauge(
            "fiapx_worker_broken_in_a_row", "Different videos that broke here since one last did not."
        )
        self.unfit = gauge("fiapx_worker_unfit", "Whether it takes no more videos and ends.")
        self.stalled = counter("fiapx_attempts_stalled", "Attempts whose decoder did nothing for too long.")
        self.preempted = counter("fiapx_attempts_preempted", "Attempts that gave their slot to a user with fewer.")
        self.paused = gauge("fiapx_worker_paused", "Whether it takes no video since a store is away.")
        self.attempt_seconds = Histogram(
            "fiapx_attempt_seconds", "From an attempt's claim to its end.", buckets=_SECONDS, registry=self.registry
        )

    def tell_of(self, health: WorkerHealth) -> None:
        """Show how this worker is."""
        self.broken_in_a_row.set_function(lambda: health.broken_in_a_row)
        self.unfit.set_function(health.unfit.is_set)

    def text(self) -> bytes:
        """Write all of them in Prometheus's text format."""
        return generate_latest(self.registry)
