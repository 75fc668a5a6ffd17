from dataclasses import dataclass
from typing import final

from app.domain.events import DomainEvent, EventType
from app.domain.storyboard import Storyboard
from app.domain.video import FramesArchive, MediaInfo, VideoProcessing
from app.usecases.end_attempt import EndAttempt
from app.usecases.enqueue_notification import completion_message, notify_owner
from app.usecases.ports.transactions import Transaction


@final
@dataclass(frozen=True, slots=True)
class MarkProcessingCompleted(EndAttempt):
    """Publish an attempt's ZIP, which is already whole in the storage, if that attempt still holds the lease.

    Return False where it does not. Completed with this ZIP is success, whoever heard of the commit.
    """

    async def __call__(
        self,
        held: VideoProcessing,
        archive: FramesArchive,
        media: MediaInfo | None = None,
        storyboard: Storyboard | None = None,
    ) -> bool:
        async def step(t: Transaction) -> bool:
            at = self.clock.now()
            if not await t.videos.complete(
                held.id, held.attempt, archive=archive, media=media, storyboard=storyboard, at=at
            ):
                return False
            await t.events.add(
                DomainEvent(held.id, EventType.FRAMES_EXTRACTED, at, held.attempt),
                DomainEvent(held.id, EventType.ZIP_GENERATED, at, held.attempt),
                DomainEvent(held.id, EventType.PROCESSING_COMPLETED, at, held.attempt),
            )
            if owner := await t.users.by_id(held.owner):
                await notify_owner(t, owner, completion_message(held, archive, at), by_mail=owner.email_on_completion)
            return True

        return await self.end(
            held, step, reached=lambda now: now.archive is not None and now.archive.key == archive.key
        )
