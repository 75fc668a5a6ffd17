"""How much there is to do, as the record knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.ports.videos import Backlog


@final
@dataclass(frozen=True, slots=True)
class MeasureBacklog:
    """Count what is unfinished and what is due, and say how long the oldest has waited.

    :raises DatabaseUnavailable: where nobody knows
    """

    transactions: Transactions
    clock: Clock

    async def __call__(self) -> Mapping[str, float]:
        now = self.clock.now()

        async def measure(t: Transaction) -> tuple[Backlog, int, int]:
            return await t.videos.backlog(now), await t.jobs.paused(), await t.notifications.count_due(now)

        videos, paused, notifications = await self.transactions.read(measure)
        waited = (now - videos.oldest_pending).total_seconds() if videos.oldest_pending else 0.0
        return {
            "videos_pending": videos.pending,
            "pending_bytes": videos.pending_bytes,
            "videos_processing": videos.processing,
            "expired_leases": videos.expired_leases,
            "oldest_pending_seconds": max(0.0, waited),
            "videos_paused": paused,
            "notifications_due": notifications,
        }
