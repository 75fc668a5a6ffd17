"""How many of something each user, or each network address, holds at once in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class TooMany(Exception):
    """One more would be more than is allowed."""


class ConcurrencyLimit:
    """Counts what is held under each key, and forgets a key that holds nothing."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def acquire(self, key: str, limit: int) -> Iterator[None]:
        """Hold a place for as long as the block lasts; raises ``TooMany``."""
        if self._taken[key] >= limit:
            raise TooMany
        self._taken[key] += 1
        try:
            yield
        finally:
            self._taken[key] -= 1
            if not self._taken[key]:
                del self._taken[key]
