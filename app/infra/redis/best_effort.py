"""What is worth a second and no more: a hint that does not arrive is made good elsewhere."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final, final

import structlog
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

LIMIT_SECONDS: Final = 1.0
AWAY: Final = (RedisError, OSError, TimeoutError)
"""All that says: Redis cannot be reached, is loading, is a replica, is full, or answers too late."""


@final
class BestEffort:
    """Runs commands for at most a second each and never raises; logs a line when Redis goes and one when it is back."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._away = False

    async def __call__(self, command: Awaitable[Any]) -> bool:
        """Return whether the command was carried out; after False it may have been, unheard."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await command
        except AWAY as error:
            if not self._away:
                log.warning("redis is away", what=self._what, fault=repr(error))
            self._away = True
            return False
        if self._away:
            log.info("redis is back", what=self._what)
        self._away = False
        return True
