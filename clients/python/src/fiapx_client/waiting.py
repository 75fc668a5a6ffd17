"""How long to wait before the next try, and when to give up."""

import random
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

import anyio

from fiapx_client import codes
from fiapx_client.refused import Refused

MOST: Final = 30
"""So many failures in a row, and it is given up."""
PASSING: Final = frozenset({codes.NETWORK, codes.STORAGE_ERROR, codes.RATE_LIMITED, codes.SERVICE_BUSY})
"""These may pass by themselves, whatever was asked."""
_FIRST: Final = 0.5
_LONGEST: Final = 10.0
_LONGEST_ASKED: Final = 3600.0
"""Seconds: whatever an answer asks for, after an hour it is tried again."""

Sleep = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""


def back_off(failures: int) -> float:
    """Return how many seconds to wait after so many failures: more each time, and not the same for all clients."""
    longest: float = min(_FIRST * 2 ** min(failures, MOST), _LONGEST)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - it keeps clients apart, and is no secret


@dataclass(slots=True)
class Tries:
    """Counts failures in a row."""

    passing: Collection[str] = PASSING
    sleep: Sleep = anyio.sleep
    failures: int = 0

    def came_through(self) -> None:
        """Begin to count anew."""
        self.failures = 0

    def pause_after(self, error: Refused) -> float:
        """Return how many seconds to wait now; raise the error where it will not pass, or was there too often."""
        if error.code not in self.passing:
            raise error
        self.failures += 1
        if self.failures > MOST:
            raise error
        return max(back_off(self.failures), min(error.retry_after_seconds or 0.0, _LONGEST_ASKED))
