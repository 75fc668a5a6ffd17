"""Stored ZIPs, joined into one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.video import FramesArchive
from app.usecases.chosen_frames import ChosenFrames


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """A folder of the whole, by its name, and the stored ZIP whose files stand in it."""

    name: str
    archive: FramesArchive


class JoinedArchive(Protocol):
    """A ZIP that is nowhere stored: its bytes are made while they are read, the same ones each time."""

    @property
    def size_bytes(self) -> int:
        """How large it is."""

    def read(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes start to end (exclusive) in pieces; raises ``ObjectMissing`` at the first, where a ZIP is gone."""


class ArchiveJoiner(Protocol):
    """Makes one ZIP of several."""

    async def joined(self, folders: Sequence[ArchiveFolder]) -> JoinedArchive:
        """Find out how large it will be; raises ``ObjectMissing`` where one of them is gone."""


class ArchiveSelector(Protocol):
    """Makes a ZIP of some pictures of one."""

    async def selected(self, chosen: ChosenFrames) -> JoinedArchive:
        """Find out how large it will be; raises as ``FrameIndexes`` does."""
