"""What a user may ask to be sent, though not without end."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.domain.session import Viewer
from app.usecases.ports.clock import Clock
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.transactions import Transaction, Transactions

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AskedDelivery:
    """Counts that it was asked for, writes down what is to be sent, and wakes who sends it."""

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    limits: RateLimits

    async def deliver(self, counted: RateLimitKey, viewer: Viewer, step: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run the step that writes it down; raises ``RateLimited`` where too much was asked for."""
        await self.limits.spend(counted, viewer.id)
        written = await self.transactions.write(step)
        await self.queue.deliver_notifications()
        return written
