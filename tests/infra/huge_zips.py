"""Stored ZIPs of gigabytes that take no memory, and readers of what is made of them."""

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from app.infra.made_zip import MadeZip
from tests.fakes.clock import SettableClock
from tests.fakes.storage import MemoryStorage

GIB = 1024**3


@dataclass
class Huge:
    """A stored ZIP of gigabytes, of which only the headers and what is small are really there; the rest are zeros."""

    size: int = 0
    parts: list[tuple[int, bytes]] = field(default_factory=list)
    directory: bytes = b""
    entries: int = 0

    def add(self, name: str, size: int, data: bytes = b"") -> None:
        at, raw, crc = self.size, name.encode(), zlib.crc32(data)
        self.parts.append(
            (at, struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 33, crc, size, size, len(raw), 0) + raw)
        )
        self.parts.append((at + 30 + len(raw), data))
        extra = struct.pack("<2HQ", 1, 8, at) if at >= 2**32 - 1 else b""
        record = (b"PK\1\2", 0x32D, 20, 0, 0, 0, 33, crc, size, size, len(raw), len(extra), 0, 0, 0, 0o100644 << 16)
        self.directory += struct.pack("<4s6H3I5H2I", *record, min(at, 2**32 - 1)) + raw + extra
        self.size += 30 + len(raw) + size
        self.entries += 1

    def end(self) -> "Huge":
        at, count, length = self.size, self.entries, len(self.directory)
        wide = b""
        if at >= 2**32 - 1:
            wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, at)
            wide += struct.pack("<4sIQI", b"PK\6\7", 0, at + length, 1)
        end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, length, min(at, 2**32 - 1), 0)
        self.parts.append((at, self.directory + wide + end))
        self.size += len(self.directory + wide + end)
        return self

    def read(self, start: int, end: int) -> bytes:
        found = bytearray(end - start)
        for at, data in self.parts:
            first, last = max(at, start), min(at + len(data), end)
            if first < last:
                found[first - start : last - start] = data[first - at : last - at]
        return bytes(found)


class HugeBucket(MemoryStorage):
    def __init__(self, archives: Sequence[Huge]) -> None:
        super().__init__(SettableClock())
        self.archives = {f"{number}.zip": one for number, one in enumerate(archives)}

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        assert end is not None
        while start < end:
            piece = self.archives[key].read(start, min(end, start + 256 * 1024))
            start += len(piece)
            yield piece


class Lazily(io.RawIOBase):
    """A file whose bytes are made when they are read, as a client's range requests do."""

    def __init__(self, made: MadeZip) -> None:
        self._made, self._at = made, 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._made.size_bytes)[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._made.size_bytes if size < 0 else min(self._made.size_bytes, self._at + size)
        data = asyncio.run(_read(self._made, self._at, end))
        self._at += len(data)
        return data


async def _read(made: MadeZip, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in made.read(start, end)])
