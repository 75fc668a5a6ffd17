"""A ZIP of chosen pictures of a stored one, made while it is read.

Each picture goes into it with its header, as the bytes that they are in the stored ZIP, so nothing of it need be known
but where it lies, which the index beside the ZIP says. A manifest of the chosen ones is the last entry. Memory holds
what is known of 512 pictures and a piece of one.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final

from app.domain.frame import ArchivedFrame
from app.domain.manifest import file_name_at, manifest_line
from app.infra.made_zip import DamagedArchive, MadeZip, Region, ending
from app.infra.stored_manifest import MANIFEST, head_and_tail
from app.infra.zip import StoredFile
from app.infra.zip_directory import StoredDirectories
from app.infra.zip_format import CENTRAL, LOCAL, MAX32, end_records, zip64_extra
from app.usecases.chosen_frames import ChosenFrames, read_frames
from app.usecases.ports.frame_indexes import FrameIndexes
from app.usecases.ports.storage import ObjectStorage

_REMEMBERED: Final = 1000
"""Of so many selections it is kept in mind how large their parts are."""
_WIDE_BYTES: Final = len(zip64_extra(0))


class _Placed(NamedTuple):
    """A chosen picture in its place: its header begins at ``offset`` of the whole."""

    frame: ArchivedFrame
    name: str
    offset: int

    @property
    def header_bytes(self) -> int:
        return LOCAL.size + len(self.name)

    @property
    def stored_at(self) -> int:
        """Where its header begins in the stored ZIP."""
        return self.frame.offset - self.header_bytes

    @property
    def end(self) -> int:
        """Where the next one's header begins."""
        return self.offset + self.header_bytes + self.frame.size_bytes


@dataclass(frozen=True, slots=True)
class _Measured:
    """How long the parts of a selection's ZIP are, and the checksum of its manifest, which stands before it."""

    files_bytes: int
    manifest_bytes: int
    manifest_crc: int
    directory_bytes: int


@final
class SelectedZips:
    """``ArchiveSelector`` of what ``StoredZip`` wrote into the storage, by the indexes beside it.

    :raises DamagedArchive: where index and ZIP do not fit each other
    """

    def __init__(self, storage: ObjectStorage, indexes: FrameIndexes) -> None:
        self._storage = storage
        self._directories = StoredDirectories(storage)
        self._indexes = indexes
        self._known: dict[str, _Measured] = {}

    async def selected(self, chosen: ChosenFrames) -> MadeZip:
        found = await self._measured(chosen)
        manifest = StoredFile(
            MANIFEST, found.manifest_crc, found.manifest_bytes, chosen.video.created_at, found.files_bytes
        )
        header, record = manifest.header(), manifest.record()
        begins_at = found.files_bytes + len(header) + found.manifest_bytes
        directory_bytes = found.directory_bytes + len(record)
        return MadeZip(
            [
                Region(found.files_bytes, lambda begin, stop: self._files(chosen, begin, stop)),
                Region.of(header),
                Region(found.manifest_bytes, lambda begin, _: _from(self._manifest(chosen), begin)),
                Region(found.directory_bytes, lambda begin, _: _from(self._directory(chosen), begin)),
                Region.of(record + end_records(chosen.places.count + 1, directory_bytes, begins_at)),
            ]
        )

    async def _measured(self, chosen: ChosenFrames) -> _Measured:
        """Find out what must be known before the first byte: once, for whoever goes on with a download."""
        if (known := self._known.get(chosen.digest)) is not None:
            return known
        crc = size = files = directory = 0
        async for piece in self._manifest(chosen):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
        async for block in self._placed(chosen):
            files = block[-1].end
            directory += sum(
                CENTRAL.size + len(one.name) + (_WIDE_BYTES if one.offset >= MAX32 else 0) for one in block
            )
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[chosen.digest] = measured = _Measured(files, size, crc, directory)
        return measured

    async def _placed(self, chosen: ChosenFrames) -> AsyncIterator[Sequence[_Placed]]:
        kind, offset = chosen.video.options.format, 0
        async for frames in read_frames(self._indexes, chosen.archive, chosen.places):
            block = []
            for frame in frames:
                placed = _Placed(frame, file_name_at(frame.index, frame.name_milliseconds, kind), offset)
                if placed.stored_at < 0:
                    raise DamagedArchive(f"a picture of {chosen.archive.key} has no room for its header")
                block.append(placed)
                offset = placed.end
            yield block

    async def _files(self, chosen: ChosenFrames, begin: int, stop: int) -> AsyncIterator[bytes]:
        """Read headers and data as they are: pictures that follow each other are one request to the storage."""
        async with ending(self._placed(chosen)) as blocks:
            async for block in blocks:
                for run in _runs(block):
                    first, last = max(begin, run[0].offset), min(stop, run[-1].end)
                    if first >= last:
                        continue
                    moved = run[0].stored_at - run[0].offset
                    async with ending(
                        self._directories.read(chosen.archive.key, first + moved, last + moved)
                    ) as pieces:
                        async for piece in pieces:
                            yield piece
                if block[-1].end >= stop:
                    return

    async def _manifest(self, chosen: ChosenFrames) -> AsyncIterator[bytes]:
        """Make ``manifest.json`` of them: the stored one with their lines alone, and where each of them lies here."""
        head, tail = await head_and_tail(self._storage, chosen.archive)
        yield head
        before = "\n"
        async with ending(self._placed(chosen)) as blocks:
            async for block in blocks:
                yield await asyncio.to_thread(_lines, block, before)
                before = ",\n"
        yield tail

    async def _directory(self, chosen: ChosenFrames) -> AsyncIterator[bytes]:
        """Make their part of the central directory out of the stored one's, which has their checksums."""
        key, place, entry = chosen.archive.key, 0, None
        layout = await self._directories.layout(key, chosen.archive.size_bytes)
        async with ending(self._directories.entries(key, layout)) as entries, ending(self._placed(chosen)) as blocks:
            async for block in blocks:
                made = bytearray()
                for one in block:
                    while place < one.frame.index:
                        entry, place = await anext(entries, None), place + 1
                    if entry is None or (entry.name, entry.size_bytes) != (one.name.encode(), one.frame.size_bytes):
                        raise DamagedArchive(f"the directory of {key} and the index beside it tell of other pictures")
                    made += entry.renamed(b"", one.offset)
                yield bytes(made)


def _runs(block: Sequence[_Placed]) -> Iterator[Sequence[_Placed]]:
    """Part pictures where the stored ZIP has something else between them."""
    begin = 0
    for at in range(1, len(block)):
        if block[at].stored_at != block[at - 1].frame.offset + block[at - 1].frame.size_bytes:
            yield block[begin:at]
            begin = at
    yield block[begin:]


def _lines(block: Sequence[_Placed], before: str) -> bytes:
    lines = (manifest_line(one.name, replace(one.frame, offset=one.offset + one.header_bytes)) for one in block)
    return (before + ",\n".join(lines)).encode()


async def _from(pieces: AsyncIterator[bytes], begin: int) -> AsyncIterator[bytes]:
    async with ending(pieces) as source:
        async for piece in source:
            if begin < len(piece):
                yield piece[begin:]
            begin = max(0, begin - len(piece))
