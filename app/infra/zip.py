"""ZIP as it grows, after PKWARE's APPNOTE.TXT 6.3.10: entries stored, sizes known, nothing to seek back to.

Pictures do not shrink, so nothing is compressed. Each entry's size and CRC stand in its local header, so there are no
data descriptors, which some readers do not bear. ZIP64 (4.5.3) is used only where a number needs it.
"""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, final

from app.infra.zip_format import (
    CENTRAL,
    CENTRAL_SIGNATURE,
    LOCAL,
    LOCAL_SIGNATURE,
    MADE_BY_UNIX,
    MAX16,
    MAX32,
    PLAIN,
    STORED,
    UTF8,
    ZIP64,
    end_records,
    zip64_extra,
)

_FILE_MODE: Final = 0o100644 << 16
_FIRST: Final = datetime(1980, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)


@final
class StoredFile:
    """What an archive says of a file that is stored in it, whose header begins at ``offset``.

    :raises ValueError: where the name is empty or too long
    """

    def __init__(self, name: str, crc: int, size: int, modified_at: datetime, offset: int) -> None:
        self._name = name.encode()
        if not 0 < len(self._name) <= MAX16:
            raise ValueError("the name of an entry has 1 to 65535 bytes")
        self._size, self._offset = size, offset
        shown = min(size, MAX32)
        needed = ZIP64 if size >= MAX32 or offset >= MAX32 else PLAIN
        flags = 0 if name.isascii() else UTF8
        self._same = needed, flags, STORED, *_dos(modified_at), crc, shown, shown, len(self._name)

    def header(self) -> bytes:
        """Return what stands before its data."""
        extra = zip64_extra(self._size, self._size) if self._size >= MAX32 else b""
        return LOCAL.pack(LOCAL_SIGNATURE, *self._same, len(extra)) + self._name + extra

    def record(self) -> bytes:
        """Return what stands in the central directory: in its extra field what does not fit its place (4.5.3)."""
        wide = [self._size, self._size] if self._size >= MAX32 else []
        extra = zip64_extra(*wide, *([self._offset] if self._offset >= MAX32 else []))
        offset = min(self._offset, MAX32)
        made = CENTRAL.pack(
            CENTRAL_SIGNATURE, MADE_BY_UNIX | ZIP64, *self._same, len(extra), 0, 0, 0, _FILE_MODE, offset
        )
        return made + self._name + extra


@final
class StoredZip:
    """``ZipEncoder``: one archive; ``entry`` for each file, then ``end``. Holds about 60 bytes and the name of each.

    ``offset`` is where the next entry begins, in bytes; the data of the last one ends there.
    """

    def __init__(self) -> None:
        self.offset = 0
        self._count = 0
        self._directory = bytearray()

    def entry(self, name: str, data: bytes, modified_at: datetime) -> Iterator[bytes | memoryview]:
        """Yield a file's header and then its data itself, not a copy. All pieces are to be written, in order.

        :raises ValueError: where the name is empty or too long
        """
        file = StoredFile(name, zlib.crc32(data), len(data), modified_at, self.offset)
        header = file.header()
        self._directory += file.record()
        self.offset += len(header) + len(data)
        self._count += 1
        return iter((header, memoryview(data)))

    def end(self) -> Iterator[bytes]:
        """Yield the central directory and the records that close the archive."""
        size, offset, count = len(self._directory), self.offset, self._count
        yield bytes(self._directory)
        yield end_records(count, size, offset)


def _dos(at: datetime) -> tuple[int, int]:
    """Return time and date in UTC in MS-DOS form (4.4.6): two seconds fine, from 1980 to 2107."""
    utc = min(max(at.astimezone(UTC), _FIRST), _LAST)
    return (
        utc.hour << 11 | utc.minute << 5 | utc.second // 2,
        (utc.year - _FIRST.year) << 9 | utc.month << 5 | utc.day,
    )
