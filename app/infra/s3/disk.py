"""The disk under a storage that keeps its objects on this machine, as ``fiapx up`` has it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import structlog

from app.domain.errors import StorageFull

log = structlog.get_logger(__name__)

Space = Callable[[int], None]
"""Raises ``StorageFull`` where the disk has no more than so many reserves left."""


def endless(_reserves: int) -> None:
    """Stand for a storage elsewhere, which itself says when it is full."""


@final
@dataclass(frozen=True, slots=True)
class Disk:
    """A folder on it, and how much of it stays free: for the database, and for the storage to tidy itself up."""

    folder: Path
    reserve_bytes: int

    def space(self, reserves: int) -> None:
        """Be a ``Space``; operators get a line."""
        free = shutil.disk_usage(self.folder).free
        if free < self.reserve_bytes * reserves:
            log.error(
                "the disk of the storage is full",
                folder=str(self.folder),
                free_bytes=free,
                reserve_bytes=self.reserve_bytes,
                do="free some space, or lower FIAPX_DISK_RESERVE_BYTES",
            )
            raise StorageFull
