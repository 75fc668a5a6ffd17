"""What is known of a video's pictures as a file, made while it is read."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, final

from app.domain.frame_tables import FrameTable, table_end, table_head, table_rows
from app.domain.places import Places
from app.domain.retention import Retention
from app.domain.session import Viewer
from app.domain.video import FramesArchive, VideoId, VideoProcessing
from app.usecases.chosen_frames import read_frames
from app.usecases.download_processed_zip import DownloadProcessedZip, named_after
from app.usecases.frames import still_there
from app.usecases.ports.clock import Clock
from app.usecases.ports.frame_indexes import FrameIndexes
from app.usecases.ports.transactions import Transactions

_PLACE: Final = "tables/"
"""Where in a ticket such a file lies: under no key of the storage, which begin otherwise."""
_LAYOUT: Final = "1"
"""Another number where the same pictures give other bytes."""


@dataclass(frozen=True, slots=True)
class TableTicket:
    """What a link names: a table of the pictures that this attempt took."""

    video: VideoId
    attempt: int
    kind: FrameTable

    def __str__(self) -> str:
        """Write what a ticket is made out to."""
        return f"{_PLACE}{self.video}/{self.attempt}/{self.kind}"

    @classmethod
    def parsed(cls, key: str) -> "TableTicket | None":
        """Read what ``__str__`` wrote; None of a ticket for anything else."""
        if not key.startswith(_PLACE):
            return None
        video, attempt, kind = key.removeprefix(_PLACE).split("/")
        return cls(VideoId(video), int(attempt), FrameTable(kind))


@dataclass(frozen=True, slots=True)
class TableOfFrames:
    """One of a video that was already shown to who asks for it."""

    video: VideoProcessing
    archive: FramesArchive
    kind: FrameTable

    @property
    def digest(self) -> str:
        """What names its content."""
        return hashlib.sha256(f"{_LAYOUT}\n{self.kind}\n{self.archive.sha256}".encode()).hexdigest()

    @property
    def file_name(self) -> str:
        """How a user's disk should show it."""
        return named_after(self.video, f"frames.{self.kind}")


@final
@dataclass(frozen=True, slots=True)
class FrameTables:
    """Find a table, and write it as it is read: memory holds 512 lines."""

    transactions: Transactions
    clock: Clock
    retention: Retention
    download: DownloadProcessedZip
    indexes: FrameIndexes

    async def __call__(self, viewer: Viewer, video: VideoId, kind: FrameTable) -> TableOfFrames:
        """Return the table of one's own video; raises as ``DownloadProcessedZip``."""
        return TableOfFrames(*await self.download(viewer, video), kind)

    async def by_ticket(self, ticket: TableTicket) -> TableOfFrames:
        """Return what a link leads to, which may have gone since it was made; raises as ``still_there``."""
        found = await self.transactions.read(lambda t: t.videos.get(ticket.video))
        return TableOfFrames(*still_there(found, ticket.attempt, self.retention, self.clock.now()), ticket.kind)

    async def written(self, table: TableOfFrames) -> AsyncIterator[bytes]:
        """Yield its bytes; raises as ``FrameIndexes`` does, before the first if there is nothing."""
        before, places = table_head(table.kind, table.video), Places.all_of(table.archive.frame_count)
        async for frames in read_frames(self.indexes, table.archive, places):
            rows = await asyncio.to_thread(table_rows, table.kind, table.video, frames)
            yield f"{before}{rows}".encode()
            before = ""
        yield table_end(table.kind).encode()
