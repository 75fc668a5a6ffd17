"""The twin of the counter in Redis: it counts for ever, and allows what it is told to."""

from collections import Counter
from dataclasses import dataclass, field

from app.domain.errors import RateLimited
from app.usecases.ports.rate_limits import Attempt


@dataclass
class CountingLimits:
    """Obeys ports.RateLimits."""

    allowed: dict[Attempt, int] = field(default_factory=dict)
    spent: Counter[tuple[Attempt, str]] = field(default_factory=Counter)

    async def spend(self, attempt: Attempt, key: str) -> None:
        self.spent[attempt, key] += 1
        if self.spent[attempt, key] > self.allowed.get(attempt, 10**9):
            raise RateLimited(retry_after_seconds=60)

    async def check(self, attempt: Attempt, key: str) -> None:
        if self.spent[attempt, key] >= self.allowed.get(attempt, 10**9):
            raise RateLimited(retry_after_seconds=60)

    async def forgive(self, attempt: Attempt, key: str) -> None:
        del self.spent[attempt, key]
