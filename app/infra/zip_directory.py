"""The central directories of stored ZIPs, read a piece at a time."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple, final

from app.infra.made_zip import DamagedArchive, ending
from app.infra.zip_end import CLOSING_BYTES, Layout, layout_of
from app.infra.zip_format import CENTRAL, CENTRAL_SIGNATURE, LOCAL, MAX32, PLAIN, UTF8, ZIP64, zip64_extra
from app.usecases.ports.storage import ObjectMissing, ObjectStorage
from app.usecases.ranges import read_range

_REMEMBERED: Final = 10_000
"""Of so many stored ZIPs it is kept in mind how they are laid out: each is written once and never changed."""


class Entry(NamedTuple):
    """A record of a central directory."""

    fields: tuple[bytes, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int]
    name: bytes

    @property
    def size_bytes(self) -> int:
        """How many bytes its data has."""
        return self.fields[8]

    @property
    def stored_bytes(self) -> int:
        """How many bytes its header and its data have together."""
        return LOCAL.size + len(self.name) + self.fields[8]

    def renamed(self, folder: bytes, offset: int) -> bytes:
        """Return the record of the same file in a folder, where its header begins at ``offset``."""
        signature, made_by, _, flags, method, time, date, crc, size, full, *_, internal, external, _ = self.fields
        name, extra = folder + self.name, zip64_extra(offset) if offset >= MAX32 else b""
        return CENTRAL.pack(
            signature, made_by, needed_at(offset), flags_in(folder, flags), method, time, date, crc, size, full,
            len(name), len(extra), 0, 0, internal, external, min(offset, MAX32),
        ) + name + extra  # fmt: skip


@final
class StoredDirectories:
    """Finds out how stored ZIPs are laid out, and what is in them."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage
        self._known: dict[str, Layout] = {}

    async def layout(self, key: str, size: int) -> Layout:
        """Look at the end of a stored ZIP."""
        if (known := self._known.get(key)) is not None:
            return known
        layout = layout_of(await read_range(self._storage, key, max(0, size - CLOSING_BYTES), size), size)
        if layout is None:
            raise DamagedArchive(f"{key} does not end as a ZIP of ours of its length")
        if len(self._known) >= _REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[key] = layout
        return layout

    async def read(self, key: str, begin: int, end: int) -> AsyncIterator[bytes]:
        """Read of a stored ZIP; one that is gone is looked at again, so that whoever comes next hears it beforehand."""
        try:
            async with ending(self._storage.read(key, begin, end)) as pieces:
                async for piece in pieces:
                    yield piece
        except ObjectMissing:
            self._known.pop(key, None)
            raise

    async def entries(self, key: str, layout: Layout) -> AsyncIterator[Entry]:
        """Read the records of a stored ZIP's own directory, in their order."""
        first, count, ahead = layout.data_bytes, 0, b""
        async with ending(self.read(key, first, first + layout.directory_bytes)) as stored:
            async for piece in stored:
                ahead, at = ahead + piece, 0
                while len(ahead) - at >= CENTRAL.size:
                    fields = CENTRAL.unpack_from(ahead, at)
                    name_at = at + CENTRAL.size
                    end = name_at + fields[10] + fields[11] + fields[12]
                    if len(ahead) < end:
                        break
                    if fields[0] != CENTRAL_SIGNATURE or fields[8] == MAX32:
                        raise DamagedArchive(f"the directory of {key} has a record that is none of ours")
                    yield Entry(fields, ahead[name_at : name_at + fields[10]])
                    at, count = end, count + 1
                ahead = ahead[at:]
        if ahead or count != layout.entries:
            raise DamagedArchive(f"the directory of {key} has not as many records as it says")


def needed_at(offset: int) -> int:
    """Return the version that is needed to extract what begins there (4.4.3)."""
    return ZIP64 if offset >= MAX32 else PLAIN


def flags_in(folder: bytes, flags: int) -> int:
    """Return the flags of a file whose name has this before it (4.4.4)."""
    return flags if folder.isascii() else flags | UTF8
