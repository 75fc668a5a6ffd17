"""One ZIP of several stored ones, each in a folder of its own, made while it is read.

The stored ones are those of ``StoredZip``: entries stored, sizes and CRCs in their headers, no gaps. So each of their
bytes but the names stays as it is, every length is known beforehand, and any range can be made by itself: memory
holds a piece of a stored ZIP and what is known of each, and nothing is copied in the storage.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from app.infra.made_zip import DamagedArchive, MadeZip, Region, ending
from app.infra.zip_directory import StoredDirectories, flags_in, needed_at
from app.infra.zip_end import Layout
from app.infra.zip_format import LOCAL, LOCAL_SIGNATURE, MAX16, MAX32, STORED, end_records, zip64_extra
from app.usecases.ports.archives import ArchiveFolder
from app.usecases.ports.storage import ObjectStorage

_PIECE_BYTES: Final = 256 * 1024
_AT_ONCE: Final = 8
"""So many stored ZIPs are looked at together."""
_WIDE_BYTES: Final = len(zip64_extra(0))
_LENGTHS: Final = struct.Struct("<2H")
"""Of name and extra field, the last that a header says before them."""
_LONGEST_HEADER: Final = LOCAL.size + MAX16
"""Before a header is whole, none of it can be made."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A stored ZIP in its place: ``begins_at`` is the offset of its first file in the whole.

    ``directory_bytes`` is how long its part of the whole's central directory is.
    """

    name: bytes
    key: str
    layout: Layout
    begins_at: int = 0
    directory_bytes: int = 0

    @property
    def data_bytes(self) -> int:
        """How long its files are in the whole, with their longer names."""
        return self.layout.data_bytes + self.layout.entries * len(self.name)


@final
class StoredZips:
    """``ArchiveJoiner`` of what ``StoredZip`` wrote into the storage.

    :raises DamagedArchive: where one of them is none, before a byte is read or in the midst of it
    """

    def __init__(self, storage: ObjectStorage) -> None:
        self._directories = StoredDirectories(storage)

    async def joined(self, folders: Sequence[ArchiveFolder]) -> MadeZip:
        layouts: list[Layout] = []
        for at in range(0, len(folders), _AT_ONCE):
            some = folders[at : at + _AT_ONCE]
            layouts += await asyncio.gather(
                *(self._directories.layout(one.archive.key, one.archive.size_bytes) for one in some)
            )
        placed: list[_Folder] = []
        offset = 0
        for folder, layout in zip(folders, layouts, strict=True):
            unplaced = _Folder(f"{folder.name}/".encode(), folder.archive.key, layout, offset)
            placed.append(await self._measured(unplaced))
            offset += unplaced.data_bytes
        directory_bytes = sum(one.directory_bytes for one in placed)
        end = end_records(sum(one.layout.entries for one in placed), directory_bytes, offset)
        return MadeZip(
            [
                *(Region(one.data_bytes, _of(self._files, one)) for one in placed),
                *(Region(one.directory_bytes, _of(self._directory, one)) for one in placed),
                Region.of(end),
            ]
        )

    async def _measured(self, folder: _Folder) -> _Folder:
        """Return it with how long its part of the central directory is: an entry beyond 4 GiB needs more room there."""
        layout, grown = folder.layout, folder.layout.entries * len(folder.name)
        if folder.begins_at + folder.data_bytes <= MAX32:
            length = layout.directory_bytes + grown
        elif folder.begins_at >= MAX32 and layout.data_bytes <= MAX32:
            length = layout.directory_bytes + grown + layout.entries * _WIDE_BYTES
        else:  # Some of its entries lie there, or did where they are stored: they are counted.
            length = sum([len(piece) async for piece in self._directory(folder, 0, MAX32)])
        return _Folder(folder.name, folder.key, layout, folder.begins_at, length)

    async def _files(self, folder: _Folder, begin: int, stop: int) -> AsyncIterator[bytes]:
        """Make its headers and data, from ``begin``; no more of the stored ZIP is read than can be needed."""
        first = at = 0  # Where the entry begins that holds the first byte: in the stored ZIP, and here.
        if begin:
            async with ending(self._directories.entries(folder.key, folder.layout)) as entries:
                async for entry in entries:
                    length = entry.stored_bytes + len(folder.name)
                    if at + length > begin:
                        break
                    first, at = first + entry.stored_bytes, at + length
        renaming, skip = _Renaming(folder, folder.begins_at + at), begin - at
        last = min(folder.layout.data_bytes, first + stop - at + _LONGEST_HEADER)
        async with ending(self._directories.read(folder.key, first, last)) as stored:
            async for piece in stored:
                made = b"".join(renaming.of(piece))
                if made[skip:]:
                    yield made[skip:]
                skip = max(0, skip - len(made))

    async def _directory(self, folder: _Folder, begin: int, stop: int) -> AsyncIterator[bytes]:  # noqa: ARG002 - what is too much is cut off
        """Make its part of the central directory, from ``begin``."""
        made, offset = bytearray(), folder.begins_at
        async with ending(self._directories.entries(folder.key, folder.layout)) as entries:
            async for entry in entries:
                made += entry.renamed(folder.name, offset)
                offset += entry.stored_bytes + len(folder.name)
                if len(made) >= _PIECE_BYTES:
                    if made[begin:]:
                        yield bytes(made[begin:])
                    begin = max(0, begin - len(made))
                    made.clear()
        if offset != folder.begins_at + folder.data_bytes:
            raise DamagedArchive(f"the entries of {folder.key} are not as long as it is")
        yield bytes(made[begin:])


class _Renaming:
    """The bytes of a stored ZIP, entry by entry, each with its folder in front of its name."""

    def __init__(self, folder: _Folder, offset: int) -> None:
        self._folder = folder
        self._offset = offset
        self._header = b""
        self._left = 0
        """Bytes of the present entry's data that are still to come."""

    def of(self, piece: bytes) -> Iterator[bytes | memoryview]:
        """Yield what becomes of the next bytes; a header that is not whole waits for the rest of it."""
        view, at = memoryview(piece), 0
        while at < len(view):
            if self._left:
                data = view[at : at + self._left]
                self._left -= len(data)
                at += len(data)
                yield data
                continue
            wanted = self._header_bytes()
            part = view[at : at + wanted - len(self._header)]
            self._header += part
            at += len(part)
            if len(self._header) == self._header_bytes():
                yield self._renamed()

    def _header_bytes(self) -> int:
        if len(self._header) < LOCAL.size:
            return LOCAL.size
        name, extra = _LENGTHS.unpack_from(self._header, LOCAL.size - _LENGTHS.size)
        return LOCAL.size + int(name) + int(extra)

    def _renamed(self) -> bytes:
        signature, _, flags, method, time, date, crc, size, full, _, extra = LOCAL.unpack_from(self._header)
        if (signature, method, extra) != (LOCAL_SIGNATURE, STORED, 0) or size != full or size == MAX32:
            raise DamagedArchive(f"{self._folder.key} has an entry that is none of ours")
        name = self._folder.name + self._header[LOCAL.size :]
        needed, flags = needed_at(self._offset), flags_in(self._folder.name, flags)
        header = LOCAL.pack(signature, needed, flags, method, time, date, crc, size, full, len(name), 0) + name
        self._header, self._left = b"", size
        self._offset += len(header) + size
        return header


def _of(
    make: Callable[[_Folder, int, int], AsyncIterator[bytes]], folder: _Folder
) -> Callable[[int, int], AsyncIterator[bytes]]:
    return lambda begin, stop: make(folder, begin, stop)
