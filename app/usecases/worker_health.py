"""Whether a worker may go on taking videos."""

import asyncio
from collections.abc import Sequence
from typing import Final, final

from app.domain.video import VideoId

MOST_BROKEN: Final = 3
"""So many different videos in a row do not break in a worker that has nothing to do with it."""


@final
class WorkerHealth:
    """Counts the videos that broke here in a row by no fault of their own or of a store's.

    A worker that breaks one after the other would spoil all that healthy ones could do: it is to end, and to be started
    anew. One video that breaks again and again says nothing of the worker, as long as others do not.
    """

    def __init__(self, worker: str) -> None:
        self.worker: Final = worker
        """The name of this process, which no other has or ever had."""
        self.unfit = asyncio.Event()
        """Set once it should take no more videos."""
        self._broken: set[VideoId] = set()

    def worked(self) -> None:
        """Note that this worker did what it should."""
        self._broken.clear()

    def broke(self, video: VideoId) -> None:
        """Note that an attempt broke here."""
        self._broken.add(video)
        if len(self._broken) >= MOST_BROKEN:
            self.unfit.set()

    def is_alone(self, broken_by: Sequence[str]) -> bool:
        """Whether a video broke nowhere but here: then another must try it before that is blamed on it."""
        return all(one == self.worker for one in broken_by)

    @property
    def broken_in_a_row(self) -> int:
        """How many different videos broke here since one last did not."""
        return len(self._broken)

    def make_way(self) -> None:
        """End, since no other has come by for a video that broke here as often as it may: the next one is another."""
        self.unfit.set()
