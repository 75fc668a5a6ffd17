"""The port ``RateLimits``, by the library ``limits``."""

import asyncio
import hashlib
import math
import time
from collections.abc import Mapping
from typing import Final, Literal, final

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, RateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from app.domain.errors import RateLimited
from app.usecases.ports.rate_limits import RateLimitKey

log = structlog.get_logger(__name__)

_Count = Literal["hit", "test"]
"""To count one more try, or only to look; both are methods of the library's limiters."""
_LIMIT_SECONDS: Final = 1.0


@final
class CountedAttempts:
    """Counts in a moving window, for all processes together in Redis, or here alone while Redis is away.

    ``rates`` are texts like ``10/15 minutes``. What is counted is named by its hash, so neither addresses nor accounts
    are readable in Redis.

    :raises ValueError: for a rate that cannot be read
    """

    def __init__(self, pool: ConnectionPool, rates: Mapping[RateLimitKey, str]) -> None:
        self._rates: Mapping[RateLimitKey, RateLimitItem] = {attempt: parse(rate) for attempt, rate in rates.items()}
        # The pool says where to connect; the URL only which kind of storage it is.
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            wrap_exceptions=True,
            key_prefix="fiapx:rates",
            connection_pool=pool,  # type: ignore[arg-type]  # The library passes it on, and does not say so.
        )
        self._shared = MovingWindowRateLimiter(storage)
        self._here = MovingWindowRateLimiter(MemoryStorage())

    async def spend(self, attempt: RateLimitKey, key: str) -> None:
        await self._count(attempt, key, "hit")

    async def check(self, attempt: RateLimitKey, key: str) -> None:
        await self._count(attempt, key, "test")

    async def forgive(self, attempt: RateLimitKey, key: str) -> None:
        counted = _counted(key)
        await self._here.clear(self._rates[attempt], attempt.value, counted)
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                await self._shared.clear(self._rates[attempt], attempt.value, counted)
        except (StorageError, TimeoutError) as fault:
            log.warning("redis is away", what="rate limits", fault=repr(fault))

    async def _count(self, attempt: RateLimitKey, key: str, how: _Count) -> None:
        counted = _counted(key)
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                retry_after = await self._retry_after(self._shared, attempt, counted, how)
        except (StorageError, TimeoutError) as fault:
            log.warning("redis is away", what="rate limits", fault=repr(fault))
            retry_after = await self._retry_after(self._here, attempt, counted, how)
        if retry_after is not None:
            log.info("an attempt was refused", attempt=attempt.value, key=counted[:12])
            raise RateLimited(retry_after_seconds=retry_after)

    async def _retry_after(self, limiter: RateLimiter, attempt: RateLimitKey, counted: str, how: _Count) -> int | None:
        """Return None, or in how many seconds it may be tried again."""
        rate = self._rates[attempt]
        if await getattr(limiter, how)(rate, attempt.value, counted):
            return None
        window = await limiter.get_window_stats(rate, attempt.value, counted)
        return max(1, math.ceil(window.reset_time - time.time()))


def _counted(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
