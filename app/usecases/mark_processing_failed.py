from dataclasses import dataclass
from datetime import datetime
from typing import final

from app.domain.events import DomainEvent, EventType
from app.domain.failure import CANCELED_BY_OWNER, Failure
from app.domain.video import VideoProcessing
from app.usecases.end_attempt import EndAttempt
from app.usecases.enqueue_notification import failure_message, notify_owner
from app.usecases.ports.transactions import Transaction


async def fail_processing(
    t: Transaction,
    seen: VideoProcessing,
    failure: Failure,
    at: datetime,
    *,
    expired: bool = False,
    said: str | None = None,
) -> bool:
    """End a processing, with its event and the word to its owner, in the caller's transaction.

    Only if it still is as it was seen; with ``expired``, only if its lease has also run out. ``said`` is kept for
    operators. An owner who cancels knows already and is not told.
    """
    if not await t.videos.fail(seen, failure=failure, at=at, expired=expired):
        return False
    await t.events.add(DomainEvent(seen.id, EventType.PROCESSING_FAILED, at, seen.attempt, said))
    owner = await t.users.by_id(seen.owner)
    if owner is not None and failure != CANCELED_BY_OWNER:
        await notify_owner(t, owner, failure_message(seen, failure, at), by_mail=owner.email_on_failure)
    return True


@final
@dataclass(frozen=True, slots=True)
class MarkProcessingFailed(EndAttempt):
    """End the attempt that holds the lease, with a reason. A zombie changes nothing and is told so by False."""

    async def __call__(
        self, held: VideoProcessing, failure: Failure, *, expired: bool = False, said: str | None = None
    ) -> bool:
        return await self.end(
            held,
            step=lambda t: fail_processing(t, held, failure, self.clock.now(), expired=expired, said=said),
            reached=lambda now: now.attempt == held.attempt and now.failure == failure,
        )
