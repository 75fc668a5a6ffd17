"""What is known of the pictures of a ZIP."""

from collections.abc import Sequence
from typing import Protocol

from app.domain.frame import ArchivedFrame
from app.domain.video import FramesArchive


class FrameIndexes(Protocol):
    """Finds pictures of a ZIP without reading what is known of all the others.

    All raise ``FramesUnreadable`` where what is stored does not fit the archive, so that no range outside of it is ever
    told, ``ObjectMissing`` where the ZIP is no longer stored, and ``StorageError`` for passing faults.
    """

    async def frames(self, archive: FramesArchive, first: int, last: int) -> Sequence[ArchivedFrame]:
        """Return these of its pictures, by their places from 1, both included; none where the last comes first."""

    async def at(self, archive: FramesArchive, seconds: float) -> ArchivedFrame | None:
        """Return the picture that had come last at this time of the film; None before the first."""
