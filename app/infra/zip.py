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
        raw = name.encode()
        if not 0 < len(raw) <= MAX16:
            raise ValueError("the name of an entry has 1 to 65535 bytes")
        flags = 0 if name.isascii() else UTF8
        time, date = _dos(modified_at)
        crc, size, offset = zlib.crc32(data), len(data), self.offset
        local_extra = zip64_extra(size, size) if size >= MAX32 else b""
        needed = ZIP64 if size >= MAX32 or offset >= MAX32 else PLAIN
        header = LOCAL.pack(
            LOCAL_SIGNATURE, needed, flags, STORED, time, date, crc,
            min(size, MAX32), min(size, MAX32), len(raw), len(local_extra),
        ) + raw + local_extra  # fmt: skip
        # Of the directory's extra field only what does not fit its usual place, in this order (4.5.3).
        extra = zip64_extra(*([size, size] if size >= MAX32 else []), *([offset] if offset >= MAX32 else []))
        self._directory += CENTRAL.pack(
            CENTRAL_SIGNATURE, MADE_BY_UNIX | ZIP64, needed, flags, STORED, time, date, crc,
            min(size, MAX32), min(size, MAX32), len(raw), len(extra), 0, 0, 0, _FILE_MODE, min(offset, MAX32),
        ) + raw + extra  # fmt: skip
        self.offset += len(header) + size
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
