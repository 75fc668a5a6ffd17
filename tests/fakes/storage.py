"""A bucket in memory."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.domain.errors import StorageError, StorageFull
from app.infra.s3.upload import part_size
from app.usecases.ports.clock import Clock
from app.usecases.ports.storage import ObjectMissing, ObjectWriter, StoredObject

_PIECE_BYTES = 256 * 1024


@dataclass
class MemoryObject:
    data: bytes
    content_type: str
    modified_at: datetime


class _Writer:
    """Like the real one, it begins something that can be aborted only when the first part is full."""

    def __init__(self, storage: "MemoryStorage", key: str) -> None:
        self.key = key
        self.data = bytearray()
        self.began_at: datetime | None = None
        self.aborted = False
        self._storage = storage

    @property
    def buffered(self) -> int:
        """Like the real one's, but that a full part has always arrived at once."""
        return len(self.data) % part_size(1)

    async def write(self, data: bytes | memoryview) -> None:
        self._storage.answer()
        self.data += data
        if self.began_at is None and len(self.data) >= part_size(1):
            self.began_at = self._storage.clock.now()


class MemoryStorage:
    """Obeys ports.ObjectStorage; ``away`` makes it answer as the real one does when nobody can reach it.

    ``full`` is a disk that has no more room.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.away = False
        self.full = False
        self.objects: dict[str, MemoryObject] = {}
        self.listed = 0
        self._writers: list[_Writer] = []

    def answer(self) -> None:
        if self.away:
            raise StorageError

    def check_room(self) -> None:
        if self.full:
            raise StorageFull

    def _found(self, key: str) -> MemoryObject:
        self.answer()
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key]

    @asynccontextmanager
    async def writer(self, key: str, content_type: str) -> AsyncIterator[ObjectWriter]:
        writer = _Writer(self, key)
        self._writers.append(writer)
        try:
            yield writer
            self.answer()
            if writer.aborted:
                raise StorageError
            self.objects[key] = MemoryObject(bytes(writer.data), content_type, self.clock.now())
        finally:
            self._writers.remove(writer)

    async def download(self, key: str, to: Path) -> None:
        data = self._found(key).data
        to.unlink(missing_ok=True)
        to.touch(mode=0o600)
        to.write_bytes(data)

    async def stat(self, key: str) -> StoredObject | None:
        self.answer()
        found = self.objects.get(key)
        return StoredObject(key, len(found.data), found.modified_at) if found else None

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        data = self._found(key).data[start:end]
        for at in range(0, len(data), _PIECE_BYTES):
            self.answer()
            yield data[at : at + _PIECE_BYTES]

    async def delete(self, keys: Collection[str]) -> None:
        self.answer()
        for key in keys:
            self.objects.pop(key, None)

    async def list(self, prefix: str, after: str = "") -> AsyncIterator[StoredObject]:
        self.answer()
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > after:
                self.listed += 1
                yield StoredObject(key, len(self.objects[key].data), self.objects[key].modified_at)

    async def abort_writes(self, prefix: str, older_than: datetime) -> int:
        self.answer()
        old = [w for w in self._writers if w.key.startswith(prefix) and w.began_at and w.began_at < older_than]
        for writer in old:
            writer.aborted, writer.began_at = True, None
        return len(old)
