"""How many of something each user, or each network address, holds or does at once in this process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary


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


class FairTurns:
    """Lets each key do so much at once; whatever more it wants waits behind its own, and not before anybody else's."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        # Whoever waits or works holds the semaphore, so a key that does neither is forgotten.
        self._semaphores: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a turn, first come, first served; it lasts as long as the block."""
        semaphore = self._semaphores.get(key)
        if semaphore is None:
            semaphore = self._semaphores[key] = asyncio.Semaphore(self._at_once)
        async with semaphore:
            yield
