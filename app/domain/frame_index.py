"""The index beside a ZIP: a record of fixed length for each of its pictures, found without reading any other.

    header   16 bytes   "FXFI", version, pictures in a block, pictures in all
    times    8 a block  from when on the first picture of each block is on the screen
    records  88 each    in the order of the ZIP

Numbers are little-endian. What is read comes from a storage that others may write to, so each record is held against
its own place and against the archive: no range that lies outside of it is ever handed on.
"""

import math
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, final

from app.domain.errors import FramesUnreadable
from app.domain.frame import ArchivedFrame

BLOCK: Final = 512
"""So many records are read at once to find a time among them: 45 KB."""
_HEADER: Final = struct.Struct("<4sHHI4x")
_MAGIC: Final = b"FXFI"
_VERSION: Final = 1
_TIME: Final = struct.Struct("<d")
_RECORD: Final = struct.Struct("<QdddIIIIII32s")
_LOCAL_HEADER: Final = 30
"""No entry's data begins before that of the first, which has a header."""


@final
class FrameIndex:
    """An index as it grows: 88 bytes of memory for each picture."""

    def __init__(self) -> None:
        self.count = 0
        self._times = bytearray()
        self._records = bytearray()

    def add(self, frame: ArchivedFrame) -> None:
        """Add the next picture.

        :raises FramesUnreadable: where a number is none that a picture of a ZIP can have
        """
        try:
            record = _RECORD.pack(
                frame.offset,
                frame.time_seconds,
                frame.until_seconds,
                frame.instant_seconds,
                frame.index,
                frame.number,
                frame.name_milliseconds,
                frame.width,
                frame.height,
                frame.size_bytes,
                bytes.fromhex(frame.sha256),
            )
        except (struct.error, ValueError):
            raise FramesUnreadable from None
        if self.count % BLOCK == 0:
            self._times += _TIME.pack(frame.there_from)
        self._records += record
        self.count += 1

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the whole of it; nothing can be added meanwhile."""
        yield _HEADER.pack(_MAGIC, _VERSION, BLOCK, self.count)
        yield memoryview(self._times)
        yield memoryview(self._records)


def place_of_records(count: int, first: int, last: int) -> tuple[int, int]:
    """Return where in an index of so many pictures the records of these stand (both included): from, to (exclusive)."""
    begin = _HEADER.size + _TIME.size * _blocks(count)
    return begin + _RECORD.size * (first - 1), begin + _RECORD.size * last


def place_of_times(count: int) -> tuple[int, int]:
    """Return where the times of its blocks stand."""
    return _HEADER.size, _HEADER.size + _TIME.size * _blocks(count)


def block_at(times: bytes, count: int, at: float) -> tuple[int, int] | None:
    """Return the first and the last picture of the block in which the one of a time is; None before the first.

    :raises FramesUnreadable: where these are not the times of so many pictures
    """
    if len(times) != _TIME.size * _blocks(count):
        raise FramesUnreadable
    block = bisect_right([time for (time,) in _TIME.iter_unpack(times)], at)
    return ((block - 1) * BLOCK + 1, min(block * BLOCK, count)) if block else None


def frames_of(data: bytes, first: int, last: int, archive_bytes: int) -> list[ArchivedFrame]:
    """Read the records of these pictures of an archive of so many bytes.

    :raises FramesUnreadable: where they are others, or tell what cannot be true of that archive
    """
    if len(data) != _RECORD.size * (last - first + 1):
        raise FramesUnreadable
    return [_frame(record, first + at, archive_bytes) for at, record in enumerate(_RECORD.iter_unpack(data))]


def on_the_screen(frames: Sequence[ArchivedFrame], at: float) -> ArchivedFrame | None:
    """Return which of these in their order had come last at that time.

    Of files that are the same picture it is the last whose instant had come, too.
    """
    come = frames[: bisect_right(frames, at, key=lambda frame: frame.there_from)]
    if not come:
        return None
    same = [frame for frame in come if frame.number == come[-1].number]
    return next((frame for frame in reversed(same) if frame.instant_seconds <= at), same[0])


def _frame(
    record: tuple[int, float, float, float, int, int, int, int, int, int, bytes], index: int, archive_bytes: int
) -> ArchivedFrame:
    offset, time, until, instant, told, number, name, width, height, size, sha256 = record
    sound = (
        told == index
        and all(map(math.isfinite, (time, until, instant)))
        and min(width, height, size) > 0
        and _LOCAL_HEADER <= offset <= archive_bytes - size
    )
    if not sound:
        raise FramesUnreadable
    return ArchivedFrame(index, number, time, until, instant, name, width, height, offset, size, sha256.hex())


def _blocks(count: int) -> int:
    return -(-count // BLOCK)
