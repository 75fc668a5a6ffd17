"""The disk under a storage that keeps its objects on this machine, as ``fiapx up`` has it."""

import asyncio
import ctypes
import fcntl
import os
import shutil
import sys
from asyncio import Task
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, final

import structlog

from app.domain.errors import StorageError, StorageFull

log = structlog.get_logger(__name__)


class Space(Protocol):
    """Raises ``StorageFull`` where the disk has no more than so many reserves left, beside what is coming."""

    def __call__(self, reserves: int, coming_bytes: int = 0, /) -> None: ...


Durable = Callable[[], Awaitable[None]]
"""Returns once what is stored would survive a power cut; raises ``StorageError`` where that cannot be had."""


def endless(_reserves: int, _coming_bytes: int = 0, /) -> None:
    """Stand for a storage elsewhere, which itself says when it is full."""


async def at_once() -> None:
    """Stand for a storage elsewhere, whose answer itself is the promise."""


@final
@dataclass(frozen=True, slots=True)
class Disk:
    """A folder on it, and how much of it stays free: for the database, and for the storage to tidy itself up."""

    folder: Path
    reserve_bytes: int

    def has_room(self) -> bool:
        """Return whether anything more may be stored."""
        return shutil.disk_usage(self.folder).free >= self.reserve_bytes

    def space(self, reserves: int, coming_bytes: int = 0, /) -> None:
        """Be a ``Space``; operators get a line."""
        free = shutil.disk_usage(self.folder).free
        if free < self.reserve_bytes * reserves + coming_bytes:
            log.error(
                "the disk of the storage is full",
                folder=str(self.folder),
                free_bytes=free,
                reserve_bytes=self.reserve_bytes,
                coming_bytes=coming_bytes,
                do="delete videos, or free some space in another way",
            )
            raise StorageFull


@final
class FileSystem:
    """All that the file system of a folder has, written to its disk: which files hold an object its server alone knows.

    ``close`` lets go of it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def flush(self) -> None:
        """Return once all that was written so far would survive a power cut; raises ``OSError``."""
        if self._descriptor is None:  # Kept open, since each descriptor is told of a failed write once (syncfs(2)).
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        if not sys.platform.startswith("linux"):
            os.sync()
            fcntl.fcntl(self._descriptor, getattr(fcntl, "F_FULLFSYNC"))  # noqa: B009 - macOS alone has it
        elif ctypes.CDLL(None, use_errno=True).syncfs(self._descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(self._folder))

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@final
class Flushed:
    """A ``Durable`` by flushing: one flush serves all who asked before it began."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._turn = asyncio.Lock()
        self._next: Task[None] | None = None

    async def __call__(self) -> None:
        if self._next is None:
            self._next = asyncio.create_task(self._in_turn())
        await asyncio.shield(self._next)

    async def _in_turn(self) -> None:
        async with self._turn:
            self._next = None  # Who asks from now on may have written what this one misses.
            try:
                await asyncio.to_thread(self._flush)
            except OSError as fault:
                log.error("the disk of the storage does not keep what is written", fault=repr(fault))  # noqa: TRY400 - where that was in our code says nothing
                raise StorageError from fault
