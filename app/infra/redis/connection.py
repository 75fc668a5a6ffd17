"""Connections whose commands can be cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

SOCKET_SECONDS: Final = 5.0
"""How long a connection may be silent; must be above the time for which a worker blocks on the stream."""
_CONNECT_SECONDS: Final = 2.0


class _Cancellable(AbstractConnection):
    """Limits sending with ``asyncio.timeout``, and lets who was cancelled go on using Redis, to tidy up.

    redis-py limits it with ``asyncio.wait_for``, which in Python 3.11 swallows a cancellation that arrives when the
    bytes are just written (python/cpython#86296): of jobs that were cancelled while they used Redis, about every fifth
    went on as if nothing had happened.
    """

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        limit: float | None = self.socket_timeout
        self.socket_timeout: float | None = None
        try:
            async with asyncio.timeout(limit):
                await super().send_packed_command(command, check_health)
        finally:
            self.socket_timeout = limit

    async def can_read_destructive(self) -> Any:
        """Ask in a task of its own where this one was cancelled.

        redis-py asks before each command, with a time-out of zero, and before Python 3.11.3 (Debian 12 has 3.11.2) a
        time-out within a task that was cancelled is one more cancellation (python/cpython#102780).
        """
        asked: Coroutine[Any, Any, Any] = super().can_read_destructive()  # type: ignore[no-untyped-call]  # So it is there.
        task = asyncio.current_task()
        return await (asyncio.create_task(asked) if task is not None and task.cancelling() else asked)


def connection_pool(url: str) -> ConnectionPool:
    """Make a pool for this address (redis, rediss or unix); nothing connects before the first command."""
    pool = ConnectionPool.from_url(url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=_CONNECT_SECONDS)
    pool.connection_class = type("CancellableConnection", (_Cancellable, pool.connection_class), {})
    return pool
