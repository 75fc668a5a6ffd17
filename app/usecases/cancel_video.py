"""Cancel a processing that has not ended."""

from dataclasses import dataclass
from typing import final

from app.domain.errors import ProcessingAlreadyFinished
from app.domain.failure import Failure, FailureCode
from app.domain.session import Viewer
from app.domain.video import VideoId, VideoProcessing
from app.usecases.mark_processing_failed import fail_processing
from app.usecases.ownership import owned_video
from app.usecases.ports.clock import Clock
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.transactions import Transaction, Transactions


@final
@dataclass(frozen=True, slots=True)
class CancelVideo:
    """Make an unfinished processing Failed with the code CANCELED; its worker finds out at its next heartbeat.

    :raises ProcessingAlreadyFinished: where it has ended, perhaps just now
    """

    transactions: Transactions
    live: LiveStatus
    clock: Clock

    async def __call__(self, viewer: Viewer, video: VideoId) -> VideoProcessing:
        async def step(t: Transaction) -> tuple[VideoProcessing, bool]:
            seen = await owned_video(t, viewer, video)
            if seen.status.final:
                raise ProcessingAlreadyFinished
            failure = Failure(FailureCode.CANCELED, FailureCode.CANCELED.reason)
            done = await fail_processing(t, seen, failure, self.clock.now())
            return await owned_video(t, viewer, video), done

        while True:  # Each round that loses its race has seen the row move on, and a row moves to an end.
            canceled, done = await self.transactions.write(step)
            if done:
                await self.live.publish(canceled)
                return canceled
