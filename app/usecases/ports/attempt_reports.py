"""What operators hear of attempts at videos."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from app.domain.failure import FailureCode
from app.domain.manifest import Reading
from app.domain.video import FramesArchive, VideoId, VideoProcessing


class AttemptReports(Protocol):
    """Log lines, counters and spans, as far as there are any; nothing here fails or waits."""

    def under_way(self, video: VideoProcessing, *, taken_over: bool) -> AbstractContextManager[None]:
        """Let all that is said within the block belong to this attempt, and time it."""

    def decoding(self) -> AbstractContextManager[object]:
        """Time what the block does as decoding."""

    def given_up(self, video: VideoId, code: FailureCode) -> None:
        """Its workers died too often."""

    def fault(self, fault: Exception, transient_failures: int, *, full: bool) -> None:
        """Something passing went wrong, so many times in a row now; ``full`` where no space is left."""

    def broke(self, fault: Exception, transient_failures: int) -> None:
        """Something went wrong that nobody expected."""

    def stores_away(self, stores: Sequence[str]) -> None:
        """These do not answer: no video is taken until they do."""

    def stores_back(self) -> None:
        """All answer again."""

    def comes_again(self) -> None:
        """It was given back after a fault."""

    def given_back(self) -> None:
        """It was given back unfinished, since the worker ends or the slot is another's."""

    def failing(self, code: FailureCode) -> None:
        """It failed, which is not recorded yet."""

    def waits(self, fault: Exception) -> None:
        """Its end cannot be recorded yet."""

    def failed(self, code: FailureCode) -> None:
        """Its failure is recorded."""

    def completed(self, archive: FramesArchive, reading: Reading) -> None:
        """Its ZIP is published."""

    def lost(self, *, at_its_end: bool) -> None:
        """Its lease is another's now, which was seen when it stopped or only ``at_its_end``."""
