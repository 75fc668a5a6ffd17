"""The promise to process what is stored: the same for every way in which it came."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from app.domain.errors import (
    AcceptanceUnknown,
    AccountDisabled,
    BatchNotFound,
    InvalidInput,
    Unauthenticated,
    UploadIncomplete,
)
from app.domain.events import DomainEvent, EventType
from app.domain.video import VideoProcessing
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions

SWEEP_GRACE: Final = timedelta(seconds=5)
"""A fresh row is left to the enqueue that follows it for so long before the sweep looks at it."""


@final
@dataclass(frozen=True, slots=True)
class AcceptUpload:
    """Turn an upload's reservation into a Pending row with its event, in one transaction; then tell its owner.

    The queue is told last and at best: the sweep makes good what it misses. Where the outcome of the transaction is
    unknown the row is read again; nothing stored is ever deleted here, since it may belong to a promise.

    :raises UploadIncomplete: where the reservation ran out
    :raises Unauthenticated: where the owner's account was deleted meanwhile
    :raises AccountDisabled: where an operator disabled it meanwhile
    :raises BatchNotFound: where the batch that it was to join was deleted meanwhile
    :raises InvalidInput: where that batch was filled meanwhile
    :raises AcceptanceUnknown: where the database went away when it was asked to keep the promise
    """

    transactions: Transactions
    queue: JobQueue
    live: LiveStatus
    clock: Clock

    async def __call__(
        self,
        video: VideoProcessing,
        request_digest: str = "",
        key: str | None = None,
        also: Callable[[Transaction], Awaitable[None]] | None = None,
    ) -> VideoProcessing:
        """Return the processing as it is from now on; the reservation has the same id.

        ``also`` is what is to be true with it, or neither.
        """

        async def step(t: Transaction) -> None:
            account = await t.users.lock(video.owner)
            if account is None:
                raise Unauthenticated
            if account.disabled_at is not None:
                raise AccountDisabled
            if not await t.reservations.remove(video.id):
                raise UploadIncomplete
            await add_pending(t, video, request_digest, key)
            if also is not None:
                await also(t)

        try:
            await self.transactions.write(step)
        except (Unauthenticated, AccountDisabled, BatchNotFound, InvalidInput):
            await self._leave_nothing(video)
            raise
        except (DatabaseUnavailable, UploadIncomplete):
            # The commit may have happened although its answer was lost: the row knows.
            try:
                accepted = await self.transactions.read(lambda t: t.videos.get(video.id))
            except DatabaseUnavailable as unknown:
                raise AcceptanceUnknown.of(key) from unknown
            if accepted is None:
                raise
            video = accepted
        await self.live.publish(video)
        await self.queue.process_video(video.id, video.owner)
        return video

    async def _leave_nothing(self, video: VideoProcessing) -> None:
        """Free its place, and write the stored file down for removal: its account or its batch went under way."""

        async def step(t: Transaction) -> None:
            await t.reservations.remove(video.id)
            await t.removals.add(video.source_key, is_prefix=False, at=self.clock.now())

        try:
            await self.transactions.write(step)
        except DatabaseUnavailable:
            return  # Housekeeping finds it, since nothing names it.
        await self.queue.remove_objects()


async def add_pending(t: Transaction, video: VideoProcessing, request_digest: str, key: str | None = None) -> None:
    """Write down a new processing with its event."""
    wake_at = video.created_at + SWEEP_GRACE
    await t.videos.add(video, idempotency_key=key, request_digest=request_digest, wake_at=wake_at)
    await t.events.add(DomainEvent(video.id, EventType.VIDEO_UPLOADED, video.created_at))
