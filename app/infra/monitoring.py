"""What is asked of a process from outside: whether it can serve, and what waits."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Final

from redis.exceptions import RedisError

from app.infra.redis.queue import CONTROL_QUEUE, EXPORT_QUEUE, IMPORT_QUEUE, VIDEO_QUEUE
from app.infra.redis.stream import StreamRedis
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.transactions import Transactions

_READY_SECONDS: Final = 3
_BACKLOG_SECONDS: Final = 0.9
"""For each store; both together take less than the two seconds that a scrape gives them."""

_QUEUES: Final = {
    "video_queue": VIDEO_QUEUE,
    "control_queue": CONTROL_QUEUE,
    "import_queue": IMPORT_QUEUE,
    "export_queue": EXPORT_QUEUE,
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which parts answer. Without the database nothing can be accepted; Redis being away makes things slower.

    Where the storage is on a disk of this machine, ``has_room`` says whether uploads are taken; all else goes on.
    """

    transactions: Transactions
    redis: StreamRedis
    has_room: Callable[[], bool] | None = None

    async def __call__(self) -> Mapping[str, bool]:
        database, redis = await asyncio.gather(
            _answers(self.transactions.read(lambda t: t.users.by_email(""))), _answers(self.redis.ping())
        )
        parts = {"database": database, "redis": redis}
        return parts if self.has_room is None else {**parts, "disk": self.has_room()}


async def _answers(question: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await question
    except (DatabaseUnavailable, RedisError, OSError):  # A TimeoutError is one.
        return False
    return True


@dataclass(frozen=True, slots=True)
class BacklogEverywhere:
    """What waits in the record and in the queues; of a store that is away, nothing."""

    measure: MeasureBacklog
    redis: StreamRedis

    async def __call__(self) -> Mapping[str, float]:
        found: dict[str, float] = {}
        with suppress(DatabaseUnavailable, TimeoutError):
            async with asyncio.timeout(_BACKLOG_SECONDS):
                found |= await self.measure()
        with suppress(RedisError, OSError):  # A TimeoutError is one.
            async with asyncio.timeout(_BACKLOG_SECONDS):
                for name, queue in _QUEUES.items():
                    found |= {f"{name}_{part}": value for part, value in asdict(await self.redis.depth(queue)).items()}
        return found
