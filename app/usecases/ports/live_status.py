"""Live status."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from app.domain.user import UserId
from app.domain.video import VideoId, VideoProcessing
from app.domain.video_import import VideoImport


@dataclass(frozen=True, slots=True)
class VideoGone:
    """Word that a processing was deleted."""

    id: VideoId


@dataclass(frozen=True, slots=True)
class Resync:
    """Something may have been missed: read again. Comes first, after each reconnect, and every 15 s or so."""


@dataclass(frozen=True, slots=True)
class LiveTile:
    """The newest small picture of a video that is processed, as JPEG, and which attempt made it."""

    video: VideoId
    attempt: int
    jpeg: bytes


class LiveTiles(Protocol):
    """The newest small picture of each video of one owner, as they come."""

    def newest(self, video: VideoProcessing) -> bytes | None:
        """Return that of the video's present attempt, once; None where none has come since."""


class LiveStatus(Protocol):
    """Snapshots to whoever watches. A hint, never the record: best effort within a second, never an error."""

    async def publish(self, video: VideoProcessing) -> None: ...
    async def publish_gone(self, owner: UserId, video: VideoId) -> None: ...
    async def publish_tile(self, owner: UserId, tile: LiveTile) -> bool:
        """Show it to those who watch the owner's small pictures; return whether there are any: else nothing is sent."""

    def watch_tiles(self, owner: UserId) -> AbstractAsyncContextManager[LiveTiles]:
        """Take the owner's small pictures from the moment of entering on."""

    def watch(self, owner: UserId) -> AbstractAsyncContextManager[AsyncIterator[VideoProcessing | VideoGone | Resync]]:
        """Events of one owner from the moment of entering on; a slow reader keeps only the latest of each video.

        The iterator loses nothing where waiting for its next event is cancelled.
        """


class LiveImports(Protocol):
    """The same of imports, which are never deleted before they have ended."""

    async def publish(self, found: VideoImport) -> None:
        """Show how it is now; its link's query, and what the storage calls it, stay with us."""

    def watch(self, owner: UserId) -> AbstractAsyncContextManager[AsyncIterator[VideoImport | Resync]]:
        """Events of one owner from the moment of entering on; a slow reader keeps only the latest of each import."""
