"""Room on a disk."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class Workspaces(Protocol):
    """Room on this machine's disk."""

    def directory(self, coming_bytes: int = 0) -> AbstractAsyncContextManager[Path]:
        """Provide a new private directory for as long as the block lasts.

        :raises OSError: where there can be none, or (ENOSPC) no room for what is coming
        """
