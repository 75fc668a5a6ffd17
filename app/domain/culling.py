"""Which of the pictures that were chosen by time are worth keeping: neither black nor like the last, and the sharpest.

What the decoder has measured comes in, one picture after the other in order of presentation; nothing is kept of those
that are behind but what the next ones are compared with.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple, final

from app.domain.choice import Chosen, Part
from app.domain.frame import Scores
from app.domain.options import ExtractionOptions
from app.domain.presentation import Presentation

CELLS: Final = 64
"""A picture is compared by the mean brightness of so many cells in a row, and so many rows."""
_CHANGED: Final = 5
"""So many levels of 255 a cell must differ by to count as changed: what ``mpdecimate`` has for a block (lo=64*5)."""
BLACK_BELOW: Final = 0.10
"""A pixel is black that is no brighter than this share of the range, as ``blackdetect`` has it."""
_BLACK_FROM: Final = 0.98
"""A picture is black of which at least this share is, as ``blackdetect`` has it."""
_NEAR_SECONDS: Final = Fraction(1, 2)
_NEAR_PICTURES: Final = 8
"""The sharpest picture is looked for no further from an instant, nor among more pictures before it and after it."""
_OF_A_SCENE: Final = 16
"""Of a scene so many pictures are looked at, evenly spread."""


class Measured(NamedTuple):
    """What the decoder says of a picture: None and nothing where it was not asked."""

    sharpness: float | None
    blackness: float | None
    cells: bytes


class Group(NamedTuple):
    """Pictures of which one is taken for some instants: ``preferred`` where nothing speaks for another."""

    preferred: int
    candidates: range
    instants: tuple[float, ...]


@final
@dataclass(frozen=True, slots=True)
class Culled:
    """How many pictures were looked at, and how many files there would be more but for what is black, or alike."""

    seen: int
    black: int
    alike: int


def groups_near(shown: Presentation, options: ExtractionOptions, chosen: Chosen) -> Iterator[Group]:
    """Yield the pictures among which one is looked for: for each instant, or for each picture that is chosen already.

    The first of a group never comes before that of the group before, nor does the last.
    """
    if not options.sharpest:
        for number, instants in chosen.pictures:
            yield Group(number, range(number, number + 1), instants)
        return
    used = Part.of(shown, options).pictures(shown)
    each = [(number, time, shown.place(time)) for number, instants in chosen.pictures for time in instants]
    middles = [(before + after) / 2 for (_, _, before), (_, _, after) in pairwise(each)]
    near = shown.span(_NEAR_SECONDS)
    for (number, time, at), after, before in zip(each, [None, *middles], [*middles, None], strict=True):
        first = at - near if after is None else max(at - near, after)
        stop = at + near if before is None else min(at + near, before)
        begin = max(bisect_left(shown.begins, math.ceil(first)), number - _NEAR_PICTURES, used.start)
        end = min(bisect_left(shown.begins, math.ceil(stop)), number + _NEAR_PICTURES + 1, used.stop)
        yield Group(number, range(min(begin, number), max(end, number + 1)), (time,))


def groups_of_scenes(shown: Presentation, options: ExtractionOptions, scenes: Sequence[range]) -> Iterator[Group]:
    """Yield for each scene the pictures among which that is looked for which stands for it; by default its first."""
    searched = options.sharpest or options.skip_black
    for scene in scenes:
        candidates = scene[:: -(-len(scene) // _OF_A_SCENE)] if searched else scene[:1]
        yield Group(scene.start, candidates, (shown.seconds(shown.begins[scene.start]),))


def numbers_of(groups: Sequence[Group]) -> Iterator[int]:
    """Yield the numbers of all candidates once, in order."""
    following = 0
    for group in groups:
        for number in group.candidates:
            if number >= following:
                yield number
                following = number + 1


@final
@dataclass
class Culling:
    """Takes one picture of each group, or none: ``see`` all candidates in order, then read what was ``kept``."""

    options: ExtractionOptions
    groups: Sequence[Group]
    kept: list[tuple[int, tuple[float, ...]]] = field(default_factory=list)
    scores: dict[int, Scores] = field(default_factory=dict)
    takes: list[int | None] = field(default_factory=list)
    """Which picture stands for each group, None where none does."""
    seen: int = 0
    black: int = 0
    alike: int = 0
    _open: dict[int, tuple[int, Measured] | None] = field(default_factory=dict)
    _last: tuple[int, Measured] | None = None

    @property
    def summary(self) -> Culled:
        """How much was left out."""
        return Culled(self.seen, self.black, self.alike)

    def see(self, number: int, measured: Measured) -> None:
        """Consider the next of the candidates."""
        self.seen += 1
        place = len(self.takes)
        while place < len(self.groups) and self.groups[place].candidates[0] <= number:
            group = self.groups[place]
            best = self._open.setdefault(place, None)
            if number in group.candidates and not self._is_black(measured):
                rank = self._rank(group, number, measured)
                if best is None or rank > self._rank(group, *best):
                    self._open[place] = number, measured
            if number >= group.candidates[-1]:
                self._close(group, self._open.pop(place))
            place += 1

    def _is_black(self, measured: Measured) -> bool:
        black = measured.blackness
        return self.options.skip_black and black is not None and black >= _BLACK_FROM

    def _rank(self, group: Group, number: int, measured: Measured) -> tuple[float, int]:
        sharpness = measured.sharpness if self.options.sharpest and measured.sharpness is not None else 0.0
        return sharpness, -abs(number - group.preferred)

    def _close(self, group: Group, best: tuple[int, Measured] | None) -> None:
        if best is None:
            self.black += len(group.instants)
            self.takes.append(None)
            return
        number, measured = best
        least, instants = self.options.distinct, group.instants
        again = self._last is not None and self._last[0] == number
        difference = None
        if least is not None:
            if self._last is not None:
                difference = 0.0 if again else changed(self._last[1].cells, measured.cells)
                if difference < least:
                    self.alike += len(instants)
                    self.takes.append(None)
                    return
            self.alike += len(instants) - 1  # It would be the same picture again.
            instants = instants[:1]
        self.takes.append(number)
        if again:
            instants = (*self.kept.pop()[1], *instants)
        else:
            self.scores[number] = Scores(difference, measured.sharpness, measured.blackness)
        self.kept.append((number, instants))
        self._last = best


def changed(before: bytes, after: bytes) -> float:
    """Return the share of the cells whose brightness differs by more than compression and noise make of it."""
    return sum(abs(a - b) > _CHANGED for a, b in zip(before, after, strict=True)) / len(after)
