"""What all containers' readers share: the facts that they find, and a way to read a file that may be hostile."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, final

MAX_READS: Final = 2_000_000
"""How many boxes, elements, chunks, tags or pages are looked at: more than six hours of film have."""

MAX_DEPTH: Final = 16
"""How deep containers within containers are entered: films need eight levels."""

# Elements of a few kilobytes are read with what lies between them, which asks the system less often; more than their
# heads is not read of elements that lie farther apart.
_NEAR: Final = 8192
_DENSE: Final = 16384
_SPARSE: Final = 1024


@dataclass(frozen=True, slots=True)
class Structure:
    """What a container's own lengths and marks say of the file.

    ``cut_off``: the container promises more than is there. ``joined``: another whole container follows the first one.
    ``encrypted``: the picture's content is; other streams do not count. ``promised_bytes`` is how long the file would
    be by what is cut off, where that is known. All is False where nothing speaks against the file.
    """

    cut_off: bool = False
    joined: bool = False
    encrypted: bool = False
    promised_bytes: int | None = None


class Enough(Exception):
    """The file has more elements than a film has."""


@final
class Reader:
    """Gives bytes from anywhere in a file, which are few at a time, and not without end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = 0
        self._ahead = b""
        self._left = MAX_READS
        self.size = file.seek(0, io.SEEK_END)

    def at(self, place: int, length: int) -> bytes:
        """Return the bytes from ``place`` on, fewer where the file ends.

        :raises Enough: where it was asked too often
        """
        self._left -= 1
        if self._left < 0:
            raise Enough
        if place >= self.size:
            return b""  # Such a place may even be none that a file can have.
        offset = place - self._start
        if 0 <= offset <= len(self._ahead) - length:
            return self._ahead[offset : offset + length]
        dense = 0 <= offset <= len(self._ahead) + _NEAR
        self._file.seek(place)
        self._ahead = self._file.read(max(length, _DENSE if dense else _SPARSE)) or b""
        self._start = place
        return self._ahead[:length]

    def number(self, place: int, length: int, *, little: bool = False) -> int:
        """Return an unsigned number, 0 where the file ends before it."""
        data = self.at(place, length)
        return int.from_bytes(data, "little" if little else "big") if len(data) == length else 0


def samples(reader: Reader, length: int) -> Iterator[bytes]:
    """Give three pieces: from the start, a third and two thirds of the file."""
    for place in sorted({0, reader.size // 3, reader.size * 2 // 3}):
        yield reader.at(place, length)
