"""The frames of a batch as one ZIP: what is in it, and under which names."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from app.domain.batch import MOST_IN_A_BATCH, Batch, BatchId, folder_names
from app.domain.errors import BatchNotFound, ProcessingNotFinished, VideoExpired
from app.domain.retention import Retention
from app.domain.user import UserId
from app.domain.video import ProcessingStatus
from app.usecases.paging import Slice
from app.usecases.ports.archives import ArchiveFolder
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions

_PLACE: Final = "batches/"
"""Where in a ticket the ZIP of a batch lies: under no key of the storage, which begin otherwise."""
_LAYOUT: Final = "1"
"""Another number where the same archives give other bytes."""


@dataclass(frozen=True, slots=True)
class BatchArchive:
    """All that is in a batch's ZIP now."""

    batch: Batch
    folders: Sequence[ArchiveFolder]

    @property
    def digest(self) -> str:
        """What names the content: the same folders of the same files give the same bytes, whoever joins them."""
        told = "\n".join([_LAYOUT, *(f"{one.archive.sha256} {one.name}" for one in self.folders)])
        return hashlib.sha256(told.encode()).hexdigest()


@final
@dataclass(frozen=True, slots=True)
class DownloadBatch:
    """Return what a batch's ZIP is made of: of each video that is completed and kept, the first uploaded first.

    :raises BatchNotFound: where this user has none, or it is being deleted
    :raises ProcessingNotFinished: where no video is completed yet
    :raises VideoExpired: where none that was is kept any more
    """

    transactions: Transactions
    clock: Clock
    retention: Retention

    async def __call__(self, owner: UserId, batch: BatchId) -> BatchArchive:
        async def look(t: Transaction) -> BatchArchive:
            found = await t.batches.get(batch)
            if found is None or found.owner != owner or found.closed_at is not None:
                raise BatchNotFound
            completed = frozenset({ProcessingStatus.COMPLETED})
            newest_first = await t.videos.page(owner, completed, Slice(MOST_IN_A_BATCH), batch)
            if not newest_first:
                raise ProcessingNotFinished("No video of this batch is completed yet.")
            now = self.clock.now()
            kept = [video for video in reversed(newest_first) if not self.retention.expired(video, now)]
            if not kept:
                raise VideoExpired("The files of this batch are no longer kept; send its videos again.")
            names = folder_names([video.original_file_name for video in kept])
            archives = [video.archive for video in kept if video.archive is not None]
            return BatchArchive(found, [ArchiveFolder(*one) for one in zip(names, archives, strict=True)])

        return await self.transactions.read(look)


def batch_file_name(batch: Batch) -> str:
    """Name the ZIP as a user's disk should show it."""
    return f"{batch.name}-frames.zip"


def ticket_of(owner: UserId, batch: BatchId) -> str:
    """Return what a ticket for a batch's ZIP is made out to."""
    return f"{_PLACE}{owner}/{batch}"


def batch_of_ticket(key: str) -> tuple[UserId, BatchId] | None:
    """Read what ``ticket_of`` wrote; None of a ticket for a stored object."""
    if not key.startswith(_PLACE):
        return None
    owner, _, batch = key.removeprefix(_PLACE).partition("/")
    return UserId(owner), BatchId(batch)
