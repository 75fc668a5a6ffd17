"""Process the same file again, as a new record."""

from dataclasses import dataclass
from datetime import datetime
from typing import final

from app.domain.errors import ProcessingNotFinished
from app.domain.options import ExtractionOptions
from app.domain.retention import FOR_EVER, Retention
from app.domain.session import Viewer
from app.domain.video import VideoId, VideoProcessing, new_video_id
from app.usecases.open_session import locked_user
from app.usecases.ownership import owned_video
from app.usecases.ports.clock import Clock
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.quota import Quota
from app.usecases.upload_video import add_pending


@final
@dataclass(frozen=True, slots=True)
class ReprocessVideo:
    """Make a new Pending processing that shares the first one's source; options default to those of the first.

    :raises ProcessingNotFinished: while the first has not ended
    :raises VideoExpired: where the file is no longer kept
    :raises QuotaExceeded: too many videos unfinished, or too many bytes stored
    """

    transactions: Transactions
    queue: JobQueue
    live: LiveStatus
    clock: Clock
    quota: Quota
    retention: Retention = FOR_EVER

    async def __call__(self, viewer: Viewer, video: VideoId, options: ExtractionOptions | None) -> VideoProcessing:
        new = new_video_id()

        async def step(t: Transaction) -> VideoProcessing:
            await locked_user(t, viewer)
            first = await owned_video(t, viewer, video)
            if not first.status.final:
                raise ProcessingNotFinished
            now = self.clock.now()
            self.retention.refuse_expired(first, now)
            await self.quota.check(t, viewer.id, now)
            again = same_again(first, new, now, options)
            await add_pending(t, again, request_digest="")
            return again

        again = await self.transactions.write(step)
        await self.live.publish(again)
        await self.queue.process_video(again.id, again.owner)
        return again


def same_again(
    first: VideoProcessing, new: VideoId, at: datetime, options: ExtractionOptions | None = None
) -> VideoProcessing:
    """Return a new processing of the first one's file."""
    return VideoProcessing(
        id=new,
        owner=first.owner,
        original_file_name=first.original_file_name,
        size_bytes=first.size_bytes,
        source_key=first.source_key,
        options=options or first.options,
        created_at=at,
    )
