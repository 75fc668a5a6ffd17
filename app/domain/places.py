"""Which pictures of a ZIP, by their places in it from 1: ``3,7-9``."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from app.domain.errors import FrameNotFound, InvalidInput

MOST_RUNS: Final = 1000
"""So many single pictures or runs of them may be named at once; a run is as long as it likes."""
_PLACE_MAX: Final = 10**9
_RUN: Final = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Places:
    """Runs of places, first and last included: in their order, none touching the next, so that one set is one value."""

    runs: tuple[tuple[int, int], ...]

    @classmethod
    def of_runs(cls, runs: Sequence[tuple[int, int]], field: str = "ranges") -> Self:
        """Put runs in order, and together where they touch.

        :raises InvalidInput: for none or too many, for one that ends before it begins, and for a picture named twice
        """
        if not 1 <= len(runs) <= MOST_RUNS:
            raise InvalidInput(f"Name 1 to {MOST_RUNS} pictures, or as many ranges of them.", field=(field,))
        if any(not 1 <= first <= last <= _PLACE_MAX for first, last in runs):
            raise InvalidInput("Places are counted from 1, and a range ends where it begins or later.", field=(field,))
        ordered = sorted(runs)
        if any(later[0] <= sooner[1] for sooner, later in pairwise(ordered)):
            raise InvalidInput("Name each picture once.", field=(field,))
        joined = [ordered[0]]
        for first, last in ordered[1:]:
            if first == joined[-1][1] + 1:
                joined[-1] = joined[-1][0], last
            else:
                joined.append((first, last))
        return cls(tuple(joined))

    @classmethod
    def of_numbers(cls, numbers: Sequence[int], field: str = "numbers") -> Self:
        """Take single places; raises as ``of_runs``."""
        return cls.of_runs([(number, number) for number in numbers], field)

    @classmethod
    def parsed(cls, text: str, field: str = "frames") -> Self:
        """Read ``3,7-9``; raises as ``of_runs``, and where it is written otherwise."""
        runs = []
        for part in text.split(",", MOST_RUNS):
            match = _RUN.fullmatch(part.strip())
            if match is None:
                raise InvalidInput("Name pictures by their places, such as 3,7-9.", field=(field,))
            runs.append((int(match[1]), int(match[2] or match[1])))
        return cls.of_runs(runs, field)

    @classmethod
    def all_of(cls, count: int) -> Self:
        """Take all of so many."""
        return cls(((1, count),))

    def __str__(self) -> str:
        """Write it so that ``parsed`` reads the same."""
        return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in self.runs)

    @property
    def count(self) -> int:
        """How many they are."""
        return sum(last - first + 1 for first, last in self.runs)

    @property
    def digest(self) -> str:
        """What names this set and no other: a SHA-256 in hex."""
        return hashlib.sha256(str(self).encode()).hexdigest()

    def within(self, count: int) -> Self:
        """Return it, where all lie among so many; raises ``FrameNotFound`` where one lies beyond."""
        if self.runs[-1][1] > count:
            raise FrameNotFound(f"This video has the pictures 1 to {count}.")
        return self

    def spread(self, most: int) -> "Places":
        """Return these, or so many of them where they are more: evenly spread, from the first to the last."""
        count = self.count
        if count <= most:
            return self
        ranks = [number * (count - 1) // max(1, most - 1) for number in range(most)]
        taken, before, at = list[int](), 0, 0
        for first, last in self.runs:
            length = last - first + 1
            while at < len(ranks) and ranks[at] < before + length:
                taken.append(first + ranks[at] - before)
                at += 1
            before += length
        return Places.of_numbers(taken)

    def blocks(self, size: int) -> "Iterator[Places]":
        """Yield them in their order, in parts that each lie within one block of so many places."""
        part: list[tuple[int, int]] = []
        for first, last in self.runs:
            begin = first
            while begin <= last:
                block = (begin - 1) // size
                if part and (part[0][0] - 1) // size != block:
                    yield Places(tuple(part))
                    part = []
                end = min(last, (block + 1) * size)
                part.append((begin, end))
                begin = end + 1
        yield Places(tuple(part))
