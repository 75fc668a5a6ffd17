"""Delete a processing with its stored files."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.session import Viewer
from app.domain.video import VideoId, VideoProcessing, result_prefix
from app.usecases.ownership import owned_video
from app.usecases.ports.clock import Clock
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions

SECOND_REMOVAL: Final = timedelta(hours=1)
"""By then a worker that was still writing a result has long noticed that its row is gone."""


@final
@dataclass(frozen=True, slots=True)
class DeleteVideo:
    """Remove a processing; one that runs is stopped, since its worker's next heartbeat finds no row.

    The objects are only written down for removal here. The user's row is locked first, as by whoever reprocesses, so
    the source goes exactly when no other row names it.

    :raises VideoNotFound: where there is none
    :raises VideoNotBelongsToUser: where it is another's
    """

    transactions: Transactions
    queue: JobQueue
    live: LiveStatus
    clock: Clock

    async def __call__(self, viewer: Viewer, video: VideoId) -> None:
        async def step(t: Transaction) -> None:
            await t.users.lock(viewer.id)
            seen = await owned_video(t, viewer, video)
            await t.videos.remove(video)
            now = self.clock.now()
            await give_up_files(t, seen, now)
            await t.removals.add(result_prefix(video), is_prefix=True, at=now + SECOND_REMOVAL)

        await self.transactions.write(step)
        await self.live.publish_gone(viewer.id, video)
        await self.queue.remove_objects()


async def give_up_files(t: Transaction, video: VideoProcessing, at: datetime) -> None:
    """Write down for removal what a processing stored, and its source where no other whose files are kept names it."""
    await t.removals.add(result_prefix(video.id), is_prefix=True, at=at)
    if not await t.videos.names_source(video.source_key):
        await t.removals.add(video.source_key, is_prefix=False, at=at)
