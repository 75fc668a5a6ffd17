"""A worker in a process of its own, for tests that kill, freeze or end it: python -m ... URL VISIBILITY_SECONDS.

Its one function ``hold`` appends "<job> <pid>" to the Redis list ``begun`` and waits until the key ``release`` exists.
"""

import asyncio
import os
import sys
from typing import Any

from arq import func
from redis.exceptions import RedisError

from app.infra.redis.stream import connect
from app.infra.redis.stream_worker import StreamWorker


async def hold(ctx: dict[str, Any]) -> None:
    redis = ctx["redis"]
    await redis.rpush("begun", f"{ctx['job_id']} {os.getpid()}")
    try:
        while not await redis.exists("release"):
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        await redis.rpush("canceled", ctx["worker"].stopping)
        raise
    except RedisError:
        await asyncio.sleep(3600)
    await redis.rpush("ended", f"{ctx['job_id']} {os.getpid()}")


async def main(url: str, visibility_seconds: float) -> None:
    redis = connect(url)
    worker = StreamWorker(
        [func(hold, name="hold")],
        redis=redis,
        queue_name="q",
        max_jobs=2,
        shutdown_wait_seconds=0,
        visibility_seconds=visibility_seconds,
        handle_signals=True,
    )
    await worker.async_run()
    await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
