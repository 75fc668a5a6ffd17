"""How an attempt ends, whether it completed or failed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.domain.video import VideoProcessing
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions


@dataclass(frozen=True, slots=True)
class EndAttempt:
    """Ends an attempt, asks the row how it ended, and tells whoever waits for that."""

    transactions: Transactions
    queue: JobQueue
    live: LiveStatus
    clock: Clock

    async def end(
        self,
        held: VideoProcessing,
        step: Callable[[Transaction], Awaitable[bool]],
        reached: Callable[[VideoProcessing], bool],
    ) -> bool:
        """Run the step that ends an attempt.

        Return whether the row now says what the step wanted it to say, however often it was run before. False means
        that the attempt is no longer the row's: another took over, or the user deleted or canceled the video.

        :raises DatabaseUnavailable: where nobody knows yet: to be tried again while the lease is held
        """
        unknown = None
        try:
            await self.transactions.write(step)
        except DatabaseUnavailable as error:
            unknown = error  # Perhaps it was committed and only the answer was lost: the row knows.
        now = await self.transactions.read(lambda t: t.videos.get(held.id))
        if now is not None and reached(now):
            await self.live.publish(now)
            await self.queue.deliver_notifications()
            return True
        if unknown is not None and now is not None and (now.status, now.attempt) == (held.status, held.attempt):
            raise unknown
        return False
