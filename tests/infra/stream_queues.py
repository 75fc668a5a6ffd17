"""Workers on a queue of their own, in this process and in others."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from arq import func

from app.infra.redis.stream import QueueDepth, StreamRedis
from app.infra.redis.stream_worker import StreamWorker

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def working(redis: StreamRedis, *functions: Any, queue: str = "q", **options: Any) -> AsyncIterator[StreamWorker]:
    named = [func(f, name=f.__name__) for f in functions]
    worker = StreamWorker(
        named, redis=redis, queue_name=queue, **{"max_jobs": 4, "shutdown_wait_seconds": 0, **options}
    )
    running = asyncio.create_task(worker.async_run())
    try:
        yield worker
    finally:
        await worker.stop("the test ends")
        await running


@asynccontextmanager
async def process(url: str, visibility: float) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.infra.stream_worker_process", url, str(visibility), cwd=ROOT
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def command(redis: StreamRedis, *words: str | int) -> None:
    await redis.execute_command(*words)  # type: ignore[no-untyped-call] # redis-py has no method with types for these


async def listed(redis: StreamRedis, key: str) -> list[list[str]]:
    return [line.decode().split() for line in await redis.lrange(key, 0, -1)]  # type: ignore[misc] # both of redis-py's clients share one type


async def is_empty(redis: StreamRedis, queue: str = "q") -> bool:
    return await redis.depth(queue) == QueueDepth(0, 0, 0)
