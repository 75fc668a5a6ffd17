"""MarkProcessingCompleted."""

from dataclasses import dataclass
from typing import final

from app.domain.events import DomainEvent, EventType
from app.domain.video import FramesArchive, MediaInfo, Progress, VideoProcessing
from app.usecases.ports import Clock, DatabaseUnavailable, JobQueue, LiveStatus, Transaction, Transactions
from app.usecases.tell_owner import news_of_completion, tell_owner


@final
@dataclass(frozen=True, slots=True)
class MarkProcessingCompleted:
    """Publish an attempt's ZIP, which is already whole in the storage, if that attempt still holds the lease.

    Gives False where it does not. Where the commit's outcome is unknown the row is read: Completed with this ZIP is
    success; anything else is a ``DatabaseUnavailable`` for the caller to try again.
    """

    transactions: Transactions
    queue: JobQueue
    live: LiveStatus
    clock: Clock

    async def __call__(self, held: VideoProcessing, archive: FramesArchive, media: MediaInfo | None = None) -> bool:
        async def step(t: Transaction) -> bool:
            at = self.clock.now()
            progress = Progress(100.0, archive.frame_count, archive.frame_count)
            done = await t.videos.complete(
                held.id, held.attempt, archive=archive, media=media, progress=progress, at=at
            )
            if not done:
                return False
            await t.events.add(
                DomainEvent(held.id, EventType.FRAMES_EXTRACTED, at, held.attempt),
                DomainEvent(held.id, EventType.ZIP_GENERATED, at, held.attempt),
                DomainEvent(held.id, EventType.PROCESSING_COMPLETED, at, held.attempt),
            )
            if owner := await t.users.by_id(held.owner):
                await tell_owner(t, owner, news_of_completion(held, archive, at), by_mail=owner.email_on_completion)
            return True

        unknown = None
        try:
            await self.transactions.write(step)
        except DatabaseUnavailable as error:
            unknown = error
        now = await self.transactions.read(lambda t: t.videos.get(held.id))
        if now is not None and now.archive is not None and now.archive.key == archive.key:
            await self.live.publish(now)
            await self.queue.deliver_notifications()
            return True
        if unknown is not None:
            raise unknown
        return False
