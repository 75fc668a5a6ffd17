"""Who tells operators how imports go."""

from typing import Protocol

from app.domain.video_import import VideoImport


class ImportReports(Protocol):
    """Lines for operators: none holds more of a link than its host."""

    def tell(self, event: str, row: VideoImport, **said: object) -> None:
        """Write down what happened to an import."""

    def broke(self, row: VideoImport, error: Exception) -> None:
        """Write down an error that nobody expected, with its traceback."""
