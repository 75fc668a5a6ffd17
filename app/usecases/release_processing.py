"""Release claimed processings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.backoff import Backoff
from app.domain.events import DomainEvent, EventType
from app.domain.video import VideoProcessing
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions

OUTAGE: Final = timedelta(seconds=2)
"""How long what met an outage waits at least; after that it is for the workers to take it or not."""
_BACKOFF: Final = Backoff(first=2, longest=300)
_MOST_ABANDONED: Final = 10


@final
@dataclass(frozen=True, slots=True)
class ReleaseProcessing:
    """Release the lease, so that the attempt does not count as lost: at once when cancelled, later after a fault.

    Of one, each gives False where the lease was not ours any more.
    """

    transactions: Transactions
    clock: Clock

    async def when_cancelled(self, held: VideoProcessing, transient_failures: int) -> bool:
        """Let another attempt begin at once; a shutdown or a preemption says nothing about the video."""
        return await self._release(held, timedelta(), transient_failures)

    async def in_an_outage(self, held: VideoProcessing, transient_failures: int) -> bool:
        """Let somebody go on once all stores are back; an outage says nothing about the video either."""
        return await self._release(held, OUTAGE, transient_failures)

    async def after_fault(
        self, held: VideoProcessing, transient_failures: int, broken_by: Sequence[str] = (), *, said: str = ""
    ) -> bool:
        """Let somebody try again after a delay that doubles with each fault in a row.

        ``broken_by`` are the workers in which it broke, where the fault was this one's. ``said`` is what is known of
        the fault, for operators.
        """
        delay = retry_delay(transient_failures)
        return await self._release(held, delay, transient_failures + 1, said=said, broken_by=broken_by)

    async def all_abandoned(self) -> int:
        """Release all that is held, where no worker lives: those of before went down with their machine.

        That says nothing about the videos, so it does not count as a lost attempt as where a worker dies among others.
        One that was under way in ten such ends in a row may have to do with them: it is left to its lease, and counts.
        Return how many were released.
        """
        now = self.clock.now()
        return await self.transactions.write(lambda t: t.videos.release_all(wake_at=now, below=_MOST_ABANDONED))

    async def all_run_out(self, before: datetime) -> int:
        """Release all whose lease ran out before, where nobody has taken it over since: as ``all_abandoned`` does."""
        now = self.clock.now()
        return await self.transactions.write(
            lambda t: t.videos.release_all(wake_at=now, below=_MOST_ABANDONED, run_out_before=before)
        )

    async def _release(
        self,
        held: VideoProcessing,
        delay: timedelta,
        transient_failures: int,
        *,
        said: str | None = None,
        broken_by: Sequence[str] = (),
    ) -> bool:
        async def step(t: Transaction) -> bool:
            now = self.clock.now()
            released = await t.videos.release(
                held.id,
                held.attempt,
                wake_at=now + delay,
                transient_failures=transient_failures,
                broken_by=broken_by,
            )
            if released and said is not None:
                await t.events.add(DomainEvent(held.id, EventType.ATTEMPT_RELEASED, now, held.attempt, said))
            return released

        return await self.transactions.write(step)


def retry_delay(transient_failures: int) -> timedelta:
    """Return how long to wait after so many faults in a row: 2 s, 4 s, 8 s and so on, up to 5 minutes."""
    return _BACKOFF.delay(transient_failures)
