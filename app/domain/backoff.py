"""How long to wait before something is tried again."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

_DOUBLINGS: Final = 32
"""More change nothing: by then every wait is as long as it may be."""

_JITTER: Final = 0.2


def jittered(seconds: float) -> float:
    """Return a wait that is up to a fifth shorter or longer, so that many who wait do not act in step."""
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - it spreads load and keeps no secret


@final
@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds that double with each failure, from ``first`` up to ``longest``."""

    first: float
    longest: float

    def seconds(self, failures: int) -> float:
        """Return the wait after one failure more than so many in a row."""
        return min(self.first * 2.0 ** min(failures, _DOUBLINGS), self.longest)

    def delay(self, failures: int) -> timedelta:
        """Return the same as a time between two others."""
        return timedelta(seconds=self.seconds(failures))

    def as_long_again(self, tried_for: timedelta) -> timedelta:
        """Return the wait where it is known for how long something was tried, which a try then doubles."""
        return timedelta(seconds=min(max(self.first, tried_for.total_seconds()), self.longest))
