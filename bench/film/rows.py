"""From measurements to the lines that are printed: ratios within a round, their median, and what missed its aim."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.film.measuring import Measured

MIB = 1024  # KiB.


@dataclass
class Row:
    """One contestant on one film, over the rounds; None where it did not run in a round."""

    name: str
    rounds: list[Measured | None] = field(default_factory=list)
    failed: str = ""

    @property
    def runs(self) -> list[Measured]:
        return [run for run in self.rounds if run is not None]

    @property
    def result(self) -> Any:
        return self.runs[0].result

    def median(self, what: str) -> float:
        return statistics.median(float(getattr(run, what)) for run in self.runs)

    @property
    def peak(self) -> float:
        """MiB of all its processes together, at most."""
        return max(run.memory.together for run in self.runs) / MIB

    @property
    def figures(self) -> str:
        return f"{self.median('cpu'):8.2f}{self.median('wall'):8.2f}{self.peak:8.0f}"


def ratio(of: Row, to: Row, what: str = "cpu") -> float:
    """The median of what one took beside the other in the same round."""
    pairs = [(a, b) for a, b in zip(of.rounds, to.rounds, strict=True) if a and b]
    return statistics.median(float(getattr(a, what)) / float(getattr(b, what)) for a, b in pairs)


def ahead(ours: Row, peer: Row) -> str:
    """Say which share of the peer's processor time ours takes, and by how much it is behind where it is."""
    share = ratio(ours, peer)
    return f"{share:6.2f}" if share <= 1 else f"{share:6.2f}: behind by {(share - 1) * 100:.0f} %"


def same_pictures(ours: Sequence[float], theirs: Sequence[float], interval: float) -> str:
    """Compare by when each is on the screen in the film."""
    equal = sum(1 for a, b in zip(ours, theirs, strict=False) if abs(a - b) < interval / 2)
    if equal == len(ours) == len(theirs):
        return f"{equal}, the same"
    return f"{len(theirs)}, {equal} the same as our {len(ours)}"


@dataclass
class Aims:
    """What was aimed at, and what of it was missed."""

    missed: list[str] = field(default_factory=list)

    def at_most(self, what: str, found: float, limit: float) -> None:
        self._tell(what, found, "at most", limit, found <= limit, found / limit - 1)

    def at_least(self, what: str, found: float, limit: float) -> None:
        self._tell(what, found, "at least", limit, found >= limit, 1 - found / limit)

    def _tell(self, what: str, found: float, how: str, limit: float, met: bool, by: float) -> None:
        line = f"{what:66}{found:8.3f}   {how} {limit:g}"
        print(f"  {line}{'' if met else f': MISSED by {by * 100:.0f} %'}")
        if not met:
            self.missed.append(f"{line}: missed by {by * 100:.0f} %")
