"""Room on a disk."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class Workspaces(Protocol):
    """Room on this machine's disk."""

    def directory(self) -> AbstractAsyncContextManager[Path]:
        """Provide a new private directory for as long as the block lasts; raises ``OSError``."""
