"""Put what should be on the queue onto it."""

from dataclasses import dataclass
from typing import Final, final

from app.domain.backoff import Backoff
from app.domain.video import VideoId
from app.usecases.ports.clock import Clock
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transactions

_BATCH: Final = 500
_BACKOFF: Final = Backoff(first=10, longest=60)
"""So late may a queue that was emptied be full again: a row that waits for its turn counts as swept in vain too."""


@final
@dataclass(frozen=True, slots=True)
class SweepDueVideos:
    """Enqueue Pending rows that are due and Processing rows whose lease ran out; say how many.

    The queue's deduplication and the claim's compare-and-set make a repeat harmless, so every process may sweep.
    A row swept in vain is looked at again after 10 s, then 20 s, and so on up to a minute.
    """

    transactions: Transactions
    queue: JobQueue
    clock: Clock

    async def __call__(self) -> int:
        now = self.clock.now()
        delays: dict[VideoId, float] = {}
        for due in await self.transactions.read(lambda t: t.videos.due(now, _BATCH)):
            if not await self.queue.process_video(due.id, due.owner, due.traceparent):
                break  # The queue is away; whoever sweeps next begins where we stopped.
            delays[due.id] = _BACKOFF.seconds(due.sweeps)
        if delays:
            await self.transactions.write(lambda t: t.videos.swept(delays, now))
        return len(delays)
