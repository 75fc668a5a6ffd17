"""Put exports that should be on their queue onto it."""

from dataclasses import dataclass
from typing import Final, final

from app.usecases.ports.clock import Clock
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transactions

_BATCH: Final = 500


@final
@dataclass(frozen=True, slots=True)
class SweepDueExports:
    """Enqueue exports that wait and are due, and those whose worker fell silent; say how many.

    The queue knows what it has already, and the claim makes a repeat harmless.
    """

    transactions: Transactions
    queue: JobQueue
    clock: Clock

    async def __call__(self) -> int:
        now, count = self.clock.now(), 0
        for due in await self.transactions.read(lambda t: t.exports.due(now, _BATCH)):
            if not await self.queue.make_export(due.id, due.owner, due.traceparent):
                break
            count += 1
        return count
