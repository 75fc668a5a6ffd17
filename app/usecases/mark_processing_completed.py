"""MarkProcessingCompleted."""

from dataclasses import dataclass
from typing import final

from app.domain.events import DomainEvent, EventType
from app.domain.video import FramesArchive, MediaInfo, Progress, VideoProcessing
from app.usecases.ports import Clock, DatabaseUnavailable, LiveStatus, Transaction, Transactions


@final
@dataclass(frozen=True, slots=True)
class MarkProcessingCompleted:
    """Publish an attempt's ZIP, which is already whole in the storage, if that attempt still holds the lease.

    Gives False where it does not. Where the commit's outcome is unknown the row is read: Completed with this ZIP is
    success; anything else is a ``DatabaseUnavailable`` for the caller to try again.
    """

    transactions: Transactions
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
            return True

        unknown = None
        try:
            await self.transactions.write(step)
        except DatabaseUnavailable as error:
            unknown = error
        now = await self.transactions.read(lambda t: t.videos.get(held.id))
        if now is not None and now.archive is not None and now.archive.key == archive.key:
            await self.live.publish(now)
            return True
        if unknown is not None:
            raise unknown
        return False
