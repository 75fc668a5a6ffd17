"""A bucket in memory."""

import base64
import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from app.domain.errors import StorageError, StorageFull
from app.infra.s3.upload import part_size
from app.usecases.ports.clock import Clock
from app.usecases.ports.storage import ObjectMissing, ObjectWriter, StoredObject, StoredPart

_PIECE_BYTES = 256 * 1024


@dataclass
class MemoryObject:
    data: bytes
    content_type: str
    modified_at: datetime


@dataclass
class MemoryParts:
    """An object that others send in parts."""

    key: str
    began_at: datetime
    sent: dict[int, bytes] = field(default_factory=dict)


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

    ``full`` is a disk that has no more room, ``room`` one that has so many bytes.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.away = False
        self.full = False
        self.room: int | None = None
        self.objects: dict[str, MemoryObject] = {}
        self.listed = 0
        self.in_parts: dict[str, MemoryParts] = {}
        self._writers: list[_Writer] = []

    def answer(self) -> None:
        if self.away:
            raise StorageError

    def check_room(self, coming_bytes: int = 0) -> None:
        if self.full or (self.room is not None and coming_bytes > self.room):
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

    async def begin_parts(self, key: str, content_type: str) -> str:
        self.answer()
        self.check_room()
        upload = str(uuid4())
        self.in_parts[upload] = MemoryParts(key, self.clock.now())
        return upload

    def send_part(self, upload: str, number: int, data: bytes) -> None:
        """Be the client, who has a URL for it."""
        self.answer()
        self.in_parts[upload].sent[number] = data

    async def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        self.answer()
        self.check_room(len(data))
        if upload not in self.in_parts:
            raise StorageError
        self.in_parts[upload].sent[number] = data

    async def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        self.answer()
        found = self.in_parts.get(upload)
        if found is None or found.key != key:
            raise ObjectMissing(key)
        return [
            StoredPart(
                number,
                len(data),
                f'"{hashlib.md5(data).hexdigest()}"',
                base64.b64encode(hashlib.md5(data).digest()).decode(),
            )
            for number, data in sorted(found.sent.items())
        ]

    async def complete_parts(self, key: str, upload: str, parts: Sequence[StoredPart]) -> None:
        self.answer()
        if (found := self.in_parts.pop(upload, None)) is not None:
            data = b"".join(found.sent[part.number] for part in parts)
            self.objects[key] = MemoryObject(data, "application/octet-stream", self.clock.now())

    async def abort_parts(self, key: str, upload: str) -> None:
        self.answer()
        self.in_parts.pop(upload, None)

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
        old = self._unfinished(prefix, older_than)
        for writer, _ in old:
            writer.aborted, writer.began_at = True, None
        given_up = self._left_in_parts(prefix, older_than)
        for upload in given_up:
            del self.in_parts[upload]
        return len(old) + len(given_up)

    async def unfinished_writes(self, prefix: str, older_than: datetime) -> Sequence[tuple[str, datetime]]:
        self.answer()
        in_parts = [self.in_parts[upload] for upload in self._left_in_parts(prefix, older_than)]
        writers = [(writer.key, began_at) for writer, began_at in self._unfinished(prefix, older_than)]
        return [*writers, *((one.key, one.began_at) for one in in_parts)]

    def _left_in_parts(self, prefix: str, older_than: datetime) -> Sequence[str]:
        return [
            upload for upload, one in self.in_parts.items() if one.key.startswith(prefix) and one.began_at < older_than
        ]

    def _unfinished(self, prefix: str, older_than: datetime) -> Sequence[tuple[_Writer, datetime]]:
        begun = ((writer, writer.began_at) for writer in self._writers if writer.key.startswith(prefix))
        return [(writer, at) for writer, at in begun if at is not None and at < older_than]
