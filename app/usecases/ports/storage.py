"""The object storage, and links into it."""

from collections.abc import AsyncIterator, Collection, Sequence
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


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that came, of an object that is not complete; ``md5`` is in base64, where the storage tells it."""

    number: int
    size_bytes: int
    etag: str
    md5: str | None


class ObjectWriter(Protocol):
    """A new object that grows; it becomes visible as a whole or not at all."""

    @property
    def buffered(self) -> int:
        """How many of its bytes this process has in memory."""

    async def write(self, data: bytes | memoryview) -> None: ...


class ObjectWriters(Protocol):
    """Where new objects go."""

    def writer(self, key: str, content_type: str) -> AbstractAsyncContextManager[ObjectWriter]:
        """Leaving the block completes the object, for good: it may be recorded, and a power cut does not take it away.

        An exception aborts it once its parts in flight have ended.
        """


class ObjectStorage(ObjectWriters, Protocol):
    """The bucket. All raise ``StorageError`` for passing faults; no method reads a whole object into memory."""

    def check_room(self, coming_bytes: int = 0) -> None:
        """Raise ``StorageFull`` where it is known that nothing more, or not so much, can be written now."""

    async def download(self, key: str, to: Path) -> None:
        """Raises ``ObjectMissing``; an OSError of the disk passes through."""

    async def stat(self, key: str) -> StoredObject | None: ...
    def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes start to end (exclusive) in pieces; raises ``ObjectMissing`` at the first."""

    async def delete(self, keys: Collection[str]) -> None: ...
    def list(self, prefix: str, after: str = "") -> AsyncIterator[StoredObject]:
        """Yield the objects whose keys begin so, and come behind ``after``, in the order of their keys."""

    async def begin_parts(self, key: str, content_type: str) -> str:
        """Begin an object that others send in parts; return what the storage calls it."""

    async def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        """Send one of those parts ourselves; one that came before is replaced."""

    async def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        """Return the parts that came; raises ``ObjectMissing`` where this was completed or aborted."""

    async def complete_parts(self, key: str, upload: str, parts: Sequence[StoredPart]) -> None:
        """Let the parts become the object, for good, as leaving a writer's block does; once more changes nothing.

        Where it was aborted, nothing happens either.
        """

    async def abort_parts(self, key: str, upload: str) -> None:
        """Remove the parts, which ``complete_parts`` has not made an object; it may have been done before."""

    async def unfinished_writes(self, prefix: str, older_than: datetime) -> Sequence[tuple[str, datetime]]:
        """Return the keys of unfinished multipart uploads that began before, and when each began."""

    async def abort_writes(self, prefix: str, older_than: datetime) -> int:
        """Abort unfinished multipart uploads that began before; say how many."""


@dataclass(frozen=True, slots=True)
class PartToSend:
    """A part on its way: its number, from 1, its bytes and, where that is known, their MD5 in base64."""

    number: int
    size_bytes: int
    md5: str | None = None


class PartLinks(Protocol):
    """URLs that take one part each, by PUT, for a short time: of this number, this size and this content."""

    async def links(
        self, key: str, upload: str, parts: Sequence[PartToSend], now: datetime
    ) -> tuple[Sequence[str], datetime]:
        """Return a URL for each, in their order, and when they expire."""


class DownloadLinks(Protocol):
    """URLs that authorise themselves for a short time: the storage's own, or tickets that our API honours."""

    def link(self, key: str, *, file_name: str, content_type: str, now: datetime) -> tuple[str, datetime]:
        """Return a URL and when it expires."""
