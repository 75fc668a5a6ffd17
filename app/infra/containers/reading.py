"""What all containers' readers share: the facts that they find, and a way to read a file that may be hostile."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, final

MAX_READS: Final = 2_500_000
"""How many boxes, elements, chunks, tags or pages are looked at: more than six hours of film have."""

MAX_DAMAGE: Final = 64
"""How many damaged ranges are told apart; the last one reaches to the end of all others."""

# What lies close behind is read in larger pieces, which asks the system less often; of elements that lie farther apart
# not more than a few heads.
_DENSE: Final = 16384
_SPARSE: Final = 1024
_PIECE: Final = 1024 * 1024
_OVERLAP: Final = 64
"""How long a pattern that is looked for may be."""

Range = tuple[int, int]
"""The place of a first byte, and of the first one that no longer belongs to it."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What a container's own lengths and marks say of the file.

    ``cut_off``: the container promises more than is there. ``joined``: another whole container follows the first one.
    ``encrypted``: the picture's content is; other streams do not count. ``damage`` are ranges of bytes in which the
    chain of elements is broken and after which it goes on: whatever stood there is lost. ``appended`` says that one of
    them is where another recording begins. All is False or empty where nothing speaks against the file.
    """

    cut_off: bool = False
    joined: bool = False
    encrypted: bool = False
    damage: tuple[Range, ...] = ()
    appended: bool = False


class Enough(Exception):
    """The file has more elements than a film has."""


@final
class Reader:
    """Reads bytes from anywhere in a file, which are few at a time, and not without end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = 0
        self._ahead = b""
        self._left = MAX_READS
        self.damage: list[Range] = []
        """The damaged ranges that were noted."""
        self.size = file.seek(0, io.SEEK_END)

    def note_damage(self, start: int, stop: int) -> None:
        """Keep a damaged range in mind, which must not begin before those that are known."""
        if self.damage and (len(self.damage) == MAX_DAMAGE or start <= self.damage[-1][1]):
            start, known = self.damage.pop()
            stop = max(stop, known)
        self.damage.append((start, stop))

    def at(self, place: int, length: int) -> bytes:
        """Return the bytes from ``place`` on, fewer where the file ends.

        :raises Enough: where it was asked too often
        """
        self._left -= 1
        if self._left <= 0:
            raise Enough
        offset = place - self._start
        if 0 <= offset <= len(self._ahead) - length:
            return self._ahead[offset : offset + length]
        if place >= self.size:
            return b""  # Such a place may even be none that a file can have.
        dense = 0 <= offset <= len(self._ahead)
        self._file.seek(place)
        self._ahead = self._file.read(max(length, _DENSE if dense else _SPARSE))
        self._start = place
        return self._ahead[:length]

    def number(self, place: int, length: int, *, little: bool = False) -> int:
        """Return an unsigned number, 0 where the file ends before it."""
        data = self.at(place, length)
        return int.from_bytes(data, "little" if little else "big") if len(data) == length else 0

    def find(self, pattern: "re.Pattern[bytes]", place: int, end: int) -> Iterator[int]:
        """Yield the places from ``place`` on, before ``end``, at which the pattern matches."""
        for start in range(place, end, _PIECE):
            piece = self.at(start, min(_PIECE, end - start) + _OVERLAP)
            for match in pattern.finditer(piece, 0):
                if match.start() >= _PIECE:
                    break
                yield start + match.start()


def samples(reader: Reader, length: int) -> Iterator[bytes]:
    """Return three pieces: from the start, a third and two thirds of the file."""
    for place in sorted({0, reader.size // 3, reader.size * 2 // 3}):
        yield reader.at(place, length)
