"""How an attempt ends, whether it completed or failed."""

from collections.abc import Awaitable, Callable

from app.domain.video import VideoProcessing
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions


async def end_attempt(
    transactions: Transactions,
    queue: JobQueue,
    live: LiveStatus,
    held: VideoProcessing,
    *,
    step: Callable[[Transaction], Awaitable[bool]],
    reached: Callable[[VideoProcessing], bool],
) -> bool:
    """Run the step that ends an attempt, ask the row how it ended, and tell whoever waits for that.

    Return whether the row now says what the step wanted it to say, however often it was run before. False means that
    the attempt is no longer the row's: another took over, or the user deleted or canceled the video.

    :raises DatabaseUnavailable: where nobody knows yet, and nothing speaks against trying again
    """
    unknown = None
    try:
        await transactions.write(step)
    except DatabaseUnavailable as error:
        unknown = error  # Perhaps it was committed and only the answer was lost: the row knows.
    now = await transactions.read(lambda t: t.videos.get(held.id))
    if now is not None and reached(now):
        await live.publish(now)
        await queue.deliver_notifications()
        return True
    if unknown is not None and now is not None and (now.status, now.attempt) == (held.status, held.attempt):
        raise unknown
    return False
