"""The port ``FrameIndexes``: of the index beside a ZIP only what is asked for, and of ZIPs without one the manifest."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, final

import structlog

from app.domain.errors import FramesUnreadable
from app.domain.frame import ArchivedFrame
from app.domain.frame_index import block_at, frames_of, on_the_screen, place_of_records, place_of_times
from app.domain.manifest_lines import ManifestLines
from app.domain.video import FramesArchive
from app.infra.stored_manifest import place_of_manifest
from app.usecases.ports.storage import ObjectMissing, ObjectStorage
from app.usecases.ranges import read_range

log = structlog.get_logger(__name__)

_MOST_KEPT_BYTES: Final = 32 * 1024**2
"""As much as three indexes of a hundred thousand pictures take, or three hundred of a thousand."""


@final
class _Kept:
    """Indexes that were made here, within so many bytes: whatever was used longest ago goes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._size = 0
        self._indexes = OrderedDict[str, bytes]()

    def get(self, key: str) -> bytes | None:
        if (found := self._indexes.get(key)) is not None:
            self._indexes.move_to_end(key)
        return found

    def put(self, key: str, index: bytes) -> None:
        self._indexes[key] = index
        self._size += len(index)
        while self._size > self._most_bytes:
            _, gone = self._indexes.popitem(last=False)
            self._size -= len(gone)


@final
class StoredFrameIndexes:
    """A page is one request to the storage for 88 bytes a picture, a time two.

    ZIPs of former versions have no index beside them: it is made from the manifest at their end, of one after the
    other and a piece at a time, and kept in memory.
    """

    def __init__(self, storage: ObjectStorage, *, most_kept_bytes: int = _MOST_KEPT_BYTES) -> None:
        self._storage = storage
        self._kept = _Kept(most_kept_bytes)
        self._making: dict[str, asyncio.Task[bytes]] = {}
        self._turn = asyncio.Lock()

    async def frames(self, archive: FramesArchive, first: int, last: int) -> Sequence[ArchivedFrame]:
        if last < first:
            return []
        with _logged(archive):
            data = await self._read(archive, *place_of_records(archive.frame_count, first, last))
            return frames_of(data, first, last, archive.size_bytes)

    async def at(self, archive: FramesArchive, seconds: float) -> ArchivedFrame | None:
        with _logged(archive):
            times = await self._read(archive, *place_of_times(archive.frame_count))
            block = block_at(times, archive.frame_count, seconds)
        return None if block is None else on_the_screen(await self.frames(archive, *block), seconds)

    async def _read(self, archive: FramesArchive, start: int, end: int) -> bytes:
        if (kept := self._kept.get(archive.key)) is None:
            try:
                return await read_range(self._storage, archive.index_key, start, end)
            except ObjectMissing:
                kept = await self._made(archive)
        return kept[start:end]

    async def _made(self, archive: FramesArchive) -> bytes:
        """Make an index once for all who ask meanwhile; one who goes away takes nothing from the others."""
        making = self._making.get(archive.key)
        if making is None:
            making = self._making[archive.key] = asyncio.create_task(self._make(archive))
            making.add_done_callback(lambda task: self._ended(archive.key, task))
        return await asyncio.shield(making)

    async def _make(self, archive: FramesArchive) -> bytes:
        async with self._turn:
            lines = ManifestLines()
            async for piece in self._storage.read(archive.key, *await place_of_manifest(self._storage, archive)):
                await asyncio.to_thread(lines.feed, piece)
            index = lines.index(archive.frame_count)
        log.info("an index was made of a manifest", key=archive.key, pictures=archive.frame_count, size=len(index))
        return index

    def _ended(self, key: str, making: "asyncio.Task[bytes]") -> None:
        del self._making[key]
        if not making.cancelled() and making.exception() is None:
            self._kept.put(key, making.result())


@contextmanager
def _logged(archive: FramesArchive) -> Iterator[None]:
    """Log what does not fit, for operators: somebody else than we may write to the storage, or it is damaged."""
    try:
        yield
    except FramesUnreadable:
        log.error("what is stored of pictures does not fit their ZIP", key=archive.key, index=archive.index_key)  # noqa: TRY400 - where that was in our code says nothing
        raise
