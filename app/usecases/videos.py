"""What an owner can do with a processing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.errors import ProcessingAlreadyFinished, ProcessingNotFinished
from app.domain.failure import CANCELED_BY_OWNER
from app.domain.options import ExtractionOptions
from app.domain.retention import Retention
from app.domain.session import Viewer
from app.domain.video import StatusChange, VideoId, VideoProcessing, new_video_id, result_prefix
from app.usecases.accept_upload import add_pending
from app.usecases.join_batch import join_batch_of
from app.usecases.mark_processing_failed import fail_processing
from app.usecases.ownership import owned_video
from app.usecases.ports.clock import Clock
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.quota import Quota
from app.usecases.sessions import locked_user

SECOND_REMOVAL: Final = timedelta(hours=1)
"""By then a worker that was still writing a result has long noticed that its row is gone."""


@final
@dataclass(frozen=True, slots=True)
class VideoUseCases:
    """Show a processing, cancel it, delete it, and process its file again.

    :raises VideoNotFound: from each that names one, where there is none
    :raises VideoNotBelongsToUser: where it is another's
    """

    transactions: Transactions
    queue: JobQueue
    live: LiveStatus
    clock: Clock
    quota: Quota
    retention: Retention

    async def show(self, viewer: Viewer, video: VideoId) -> VideoProcessing:
        """Return one processing of the viewer's."""
        return await self.transactions.read(lambda t: owned_video(t, viewer, video))

    async def histories(self, videos: Sequence[VideoId]) -> Sequence[Sequence[StatusChange]]:
        """Return the status logs of processings that the viewer was already shown, many in one read."""
        histories = await self.transactions.read(lambda t: t.events.history(videos))
        return [histories.get(video, ()) for video in videos]

    async def cancel(self, viewer: Viewer, video: VideoId) -> VideoProcessing:
        """Make an unfinished processing Failed with the code CANCELED; its worker finds out at its next heartbeat.

        :raises ProcessingAlreadyFinished: where it has ended, perhaps just now
        """

        async def step(t: Transaction) -> tuple[VideoProcessing, bool]:
            seen = await owned_video(t, viewer, video)
            if seen.status.final:
                raise ProcessingAlreadyFinished
            done = await fail_processing(t, seen, CANCELED_BY_OWNER, self.clock.now())
            return await owned_video(t, viewer, video), done

        while True:  # Each round that loses its race has seen the row move on, and a row moves to an end.
            canceled, done = await self.transactions.write(step)
            if done:
                await self.live.publish(canceled)
                return canceled

    async def delete(self, viewer: Viewer, video: VideoId) -> None:
        """Remove a processing with its files; one that runs is stopped, since its worker's next heartbeat finds no row.

        The objects are only written down for removal here. The user's row is locked first, as by whoever reprocesses,
        so the source goes exactly when no other row names it.
        """

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

    async def reprocess(self, viewer: Viewer, video: VideoId, options: ExtractionOptions | None) -> VideoProcessing:
        """Make a new Pending processing that shares the first one's source; options default to those of the first.

        Where the first is in a batch, the new one joins it, if that takes any more.

        :raises ProcessingNotFinished: while the first has not ended
        :raises VideoExpired: where the file is no longer kept
        :raises QuotaExceeded: too many videos unfinished, or too many bytes stored
        """
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
            await add_again(t, first, again)
            return again

        again = await self.transactions.write(step)
        await self.live.publish(again)
        await self.queue.process_video(again.id, again.owner)
        return again


async def give_up_files(t: Transaction, video: VideoProcessing, at: datetime) -> None:
    """Write down for removal what a processing stored, and its source where no other whose files are kept names it."""
    await t.removals.add(result_prefix(video.id), is_prefix=True, at=at)
    if not await t.videos.names_source(video.source_key):
        await t.removals.add(video.source_key, is_prefix=False, at=at)


async def add_again(t: Transaction, first: VideoProcessing, again: VideoProcessing) -> None:
    """Write down a new processing of the first one's file, in the same batch."""
    await add_pending(t, again, request_digest="")
    await join_batch_of(t, first.id, again.id)


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
