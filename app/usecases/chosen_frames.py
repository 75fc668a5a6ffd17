"""Pictures of a ZIP, chosen by their places."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.domain.frame import ArchivedFrame
from app.domain.frame_index import BLOCK
from app.domain.places import Places
from app.domain.video import FramesArchive, VideoProcessing
from app.usecases.ports.frame_indexes import FrameIndexes

_LAYOUT: Final = "1"
"""Another number where the same pictures give other bytes."""


@dataclass(frozen=True, slots=True)
class ChosenFrames:
    """Pictures of a completed video that was already shown to who asks for them."""

    video: VideoProcessing
    archive: FramesArchive
    places: Places

    @property
    def digest(self) -> str:
        """What names their content: the same pictures of the same ZIP are the same bytes, whatever is made of them."""
        return hashlib.sha256(f"{_LAYOUT}\n{self.archive.sha256}\n{self.places}".encode()).hexdigest()


async def read_frames(
    indexes: FrameIndexes, archive: FramesArchive, places: Places
) -> AsyncIterator[Sequence[ArchivedFrame]]:
    """Yield what is known of these pictures, in their order, a block of the index at a time; raises as its port."""
    for block in places.blocks(BLOCK):
        first, last = block.runs[0][0], block.runs[-1][1]
        found = await indexes.frames(archive, first, last)
        yield [frame for begin, end in block.runs for frame in found[begin - first : end - first + 1]]
