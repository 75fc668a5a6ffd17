"""The twin of the counter in Redis: it counts for ever, and allows what it is told to."""

from collections import Counter
from dataclasses import dataclass, field

from app.domain.errors import RateLimited
from app.usecases.ports.rate_limits import RateLimitKey


@dataclass
class CountingLimits:
    """Obeys ports.RateLimits."""

    allowed: dict[RateLimitKey, int] = field(default_factory=dict)
    spent: Counter[tuple[RateLimitKey, str]] = field(default_factory=Counter)

    async def spend(self, attempt: RateLimitKey, key: str) -> None:
        self.spent[attempt, key] += 1
        if self.spent[attempt, key] > self.allowed.get(attempt, 10**9):
            raise RateLimited(retry_after_seconds=60)

    async def check(self, attempt: RateLimitKey, key: str) -> None:
        if self.spent[attempt, key] >= self.allowed.get(attempt, 10**9):
            raise RateLimited(retry_after_seconds=60)

    async def forgive(self, attempt: RateLimitKey, key: str) -> None:
        del self.spent[attempt, key]
