"""Columns of numbers with a row for each packet or picture of a film, which can be millions.

The interpreter's own loops go through them, a block at a time: one call for a whole column would keep all other threads
waiting until it returns, those among them that tell the world that this process is alive.
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from operator import ge, gt, sub
from typing import Final

BLOCK: Final = 65_536

Span = tuple[int, int]
"""The first and the last of a run, both included."""


def blocks(column: Sequence[int], overlap: int = 0) -> Iterator[Sequence[int]]:
    """Yield the column in pieces, each with the first ``overlap`` rows of the next one."""
    for start in range(0, len(column), BLOCK):
        yield column[start : start + BLOCK + overlap]


def marked(marks: bytes | bytearray, start: int = 0) -> "array[int]":
    """Return the places of the marks that are not 0, where the first mark is that of place ``start``."""
    found = array("q")
    for first in range(0, len(marks), BLOCK):
        piece = marks[first : first + BLOCK]
        found.extend(compress(range(start + first, start + first + len(piece)), piece))
    return found


def since(rows: Sequence[int], times: Sequence[int], earliest: int) -> "array[int]":
    """Return those of the rows whose time is ``earliest`` or later."""
    found = array("q")
    for piece in blocks(rows):
        found.extend(compress(piece, map(earliest.__le__, map(times.__getitem__, piece))))
    return found


def picked(column: Sequence[int], rows: Sequence[int]) -> "array[int]":
    """Return the values in these rows, in their order."""
    values = array("q")
    for piece in blocks(rows):
        values.extend(map(column.__getitem__, piece))
    return values


def rises(column: Sequence[int], *, strictly: bool = False) -> bool:
    """Return whether no value is less than the one before it; ``strictly``: nor the same."""
    wrong = ge if strictly else gt
    return not any(any(map(wrong, piece, piece[1:])) for piece in blocks(column, 1))


def lowest(column: Sequence[int], *, but: int, among: bytes | bytearray | None = None) -> int | None:
    """Return the least value other than ``but``, of the rows that are marked in ``among``; None where there is none."""
    found: int | None = None
    for first in range(0, len(column), BLOCK):
        piece: Iterable[int] = column[first : first + BLOCK]
        if among is not None:
            piece = compress(piece, among[first : first + BLOCK])
        least = min(filter(but.__ne__, piece), default=None)
        if least is not None and (found is None or least < found):
            found = least
    return found


def highest(column: Sequence[int]) -> int | None:
    """Return the greatest value, None where there is none."""
    return max(map(max, blocks(column)), default=None)


def holds(column: Sequence[int], value: int) -> bool:
    """Return whether the value is one of the column's."""
    return any(value in piece for piece in blocks(column))


def steps(column: Sequence[int]) -> "Counter[int]":
    """Return by how much each value differs from the one before it, and how often."""
    found: Counter[int] = Counter()
    for piece in blocks(column, 1):
        found.update(map(sub, piece[1:], piece))
    return found


def in_order(rows: Sequence[int], times: Sequence[int]) -> "array[int]":
    """Return the rows sorted by their times; those of the same time stay in their order.

    Codecs move a picture by a few places only, so that what must be held at the same time is little more than a block.
    """
    pieces = list(blocks(rows))
    least = [min(map(times.__getitem__, piece)) for piece in pieces]
    later: list[int] = []  # The least of all that comes after each piece, from the last piece on.
    for value in reversed(least):
        later.append(min(value, later[-1]) if later else value)
    later.reverse()
    ordered, held, earliest = array("q"), list[int](), least[0] if least else 0
    for number, piece in enumerate(pieces):
        held.extend(piece)
        earliest = min(earliest, least[number])
        last = number + 1 == len(pieces)
        if not last and earliest > later[number + 1]:
            continue
        held.sort(key=times.__getitem__)
        ready = len(held) if last else bisect_right(held, later[number + 1], key=times.__getitem__)
        ordered.extend(held[:ready])
        del held[:ready]
        earliest = times[held[0]] if held else later[number + 1] if not last else 0
    return ordered


def runs(marks: bytes | bytearray) -> Iterator[Span]:
    """Yield where marks that are 1 stand side by side."""
    first = marks.find(1)
    while first >= 0:
        stop = marks.find(0, first)
        stop = len(marks) if stop < 0 else stop
        yield first, stop - 1
        first = marks.find(1, stop)
