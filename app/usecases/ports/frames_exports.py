"""The record of exports, and what makes them."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.frame import ArchivedFrame
from app.domain.frames_export import ExportId, ExportKind, FramesExport
from app.domain.user import UserId
from app.domain.video import VideoId, VideoProcessing


@dataclass(frozen=True, slots=True)
class DueExport:
    """A row whose time has come: it should be on the queue; ``traceparent`` says in whose trace it was asked for."""

    id: ExportId
    owner: UserId
    traceparent: str | None = None


class FramesExports(Protocol):
    """The table ``frame_exports``: one row for one request of one video. Rows go with their video, or in time.

    Every change of one is one UPDATE with its old attempt and state in the WHERE.
    """

    async def add(self, new: FramesExport) -> None: ...
    async def get(self, export: ExportId) -> FramesExport | None: ...
    async def alike(self, new: FramesExport) -> FramesExport | None:
        """Return what was made or is to be made of the same pictures of the same video in the same way."""

    async def of(self, video: VideoId) -> Sequence[FramesExport]:
        """Return those of a video, the newest first."""

    async def unfinished(self, owner: UserId) -> int:
        """Return how many of the owner's have not ended."""

    async def due(self, now: datetime, limit: int) -> Sequence[DueExport]:
        """Return those that wait and may be tried, and those whose lease ran out, the first one due first."""

    async def change(self, seen: FramesExport, to: FramesExport, *, due_by: datetime | None = None) -> bool:
        """Let it be so from now on; False where attempt or state are no longer as seen.

        With ``due_by`` only where it was due by then.
        """

    async def remove(self, export: ExportId) -> None: ...
    async def expired(self, before: datetime, limit: int) -> Sequence[FramesExport]:
        """Return some whose time was over before."""

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        """Return those of these keys that a row names."""

    async def stored_bytes(self, owner: UserId | None) -> int:
        """Return how many bytes one owner's take, or all owners'."""


@dataclass(frozen=True, slots=True)
class ChosenPicture:
    """A picture on its way into an export: what is known of it, and its bytes as they are in the ZIP."""

    frame: ArchivedFrame
    data: bytes


class ExportReports(Protocol):
    """What operators hear of exports."""

    def tell(self, event: str, export: FramesExport, **more: object) -> None: ...
    def fault(self, export: FramesExport, error: Exception) -> None:
        """Report what made an attempt come to nothing, with where that was."""


class FramesRenderer(Protocol):
    """Makes files of pictures."""

    async def __call__(self, kind: ExportKind, video: VideoProcessing, pictures: AsyncIterator[ChosenPicture]) -> bytes:
        """Make one of pictures that come in their order, at least one.

        :raises ProcessingError: where it cannot be made of them
        :raises OSError: where the machine is to blame, and another try can help
        """
