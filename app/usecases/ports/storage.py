"""The object storage, and links into it."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


class ObjectMissing(Exception):
    """The storage answers, and says that there is no such object."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the storage lists it."""

    key: str
    size_bytes: int
    modified_at: datetime


class ObjectWriter(Protocol):
    """A new object that grows; it becomes visible as a whole or not at all."""

    @property
    def buffered(self) -> int:
        """How many of its bytes this process has in memory."""

    async def write(self, data: bytes | memoryview) -> None: ...


class ObjectStorage(Protocol):
    """The bucket. All raise ``StorageError`` for passing faults; no method reads a whole object into memory."""

    def writer(self, key: str, content_type: str) -> AbstractAsyncContextManager[ObjectWriter]:
        """Leaving the block completes the object, for good: it may be recorded, and a power cut does not take it away.

        An exception aborts it once its parts in flight have ended.
        """

    def check_room(self) -> None:
        """Raise ``StorageFull`` where it is known that nothing more can be written now."""

    async def download(self, key: str, to: Path) -> None:
        """Raises ``ObjectMissing``; an OSError of the disk passes through."""

    async def stat(self, key: str) -> StoredObject | None: ...
    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes start to end (exclusive) in pieces; raises ``ObjectMissing`` at the first."""

    async def delete(self, keys: Collection[str]) -> None: ...
    def list(self, prefix: str, after: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects whose keys begin so, and come behind ``after``, in the order of their keys."""

    async def abort_writes(self, prefix: str, older_than: datetime) -> int:
        """Abort unfinished multipart uploads that began before; say how many."""


class DownloadLinks(Protocol):
    """URLs that authorise themselves for a short time: the storage's own, or tickets that our API honours."""

    def link(self, key: str, *, file_name: str, content_type: str, now: datetime) -> tuple[str, datetime]:
        """Return a URL and when it expires."""
