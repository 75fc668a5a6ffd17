"""How long a job waits for a free worker: our stream beside stock arq, on the same Valkey, in the same run.

Repeat: PYTHONPATH=. python bench/queue_latency.py [JOBS]
"""

import asyncio
import logging
import pickle
import random
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import structlog
from arq import Worker, func
from arq.connections import ArqRedis

from app.infra.redis.stream import connect
from app.infra.redis.stream_worker import StreamWorker
from devserver.child import Child
from devserver.ports import free_pair
from devserver.valkey import Valkey

TARGET_MS = 50


class Stopwatch:
    """Measures from just before enqueueing to the first line of the job, both on this process's clock."""

    def __init__(self) -> None:
        self._started = asyncio.Event()
        self._at = 0.0

    async def job(self, ctx: dict[Any, Any], *_: Any, **__: Any) -> None:  # noqa: ARG002 - arq hands it
        self._at = time.perf_counter()
        self._started.set()

    async def latencies_ms(self, redis: ArqRedis, queue: str, jobs: int) -> list[float]:
        chance, found = random.Random(1), []
        for _ in range(jobs):
            await asyncio.sleep(chance.uniform(0, 0.5))  # So that jobs meet stock arq's poll at every point of it.
            self._started.clear()
            begun = time.perf_counter()
            await redis.enqueue_job("job", _queue_name=queue)
            await asyncio.wait_for(self._started.wait(), 30)
            found.append((self._at - begun) * 1000)
        return found


async def ours(url: str, jobs: int) -> list[float]:
    watch, redis = Stopwatch(), connect(url)
    jobs_of_ours = [func(watch.job, name="job")]
    worker = StreamWorker(jobs_of_ours, redis=redis, queue_name="ours", max_jobs=4, shutdown_wait_seconds=0)
    running = asyncio.create_task(worker.async_run())
    try:
        return await watch.latencies_ms(redis, "ours", jobs)
    finally:
        await worker.stop("measured")
        await running
        await redis.aclose()


async def stock(url: str, jobs: int) -> list[float]:
    watch, redis = Stopwatch(), ArqRedis.from_url(url)
    redis.job_serializer, redis.job_deserializer = pickle.dumps, pickle.loads
    worker = Worker(
        [func(watch.job, name="job")], redis_pool=redis, queue_name="stock", max_jobs=4, handle_signals=False
    )
    running = asyncio.create_task(worker.main())
    try:
        return await watch.latencies_ms(redis, "stock", jobs)
    finally:
        running.cancel()
        await asyncio.gather(running, *worker.tasks.values(), return_exceptions=True)
        await redis.aclose()


def report(name: str, latencies: list[float]) -> float:
    p50, p99 = statistics.median(latencies), statistics.quantiles(latencies, n=100)[98]
    print(f"{name:<22} n={len(latencies):<5} p50 {p50:8.2f} ms   p99 {p99:8.2f} ms")
    return p50


def main(jobs: int) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        server = Valkey(Path(folder), free_pair(), secrets.token_hex(16))
        child = Child(server.program(), Path(folder) / "valkey.log")
        child.start()
        try:
            child.wait_until_it_serves(30)
            mine = report("stream", asyncio.run(ours(server.url, jobs)))
            theirs = report("stock arq, poll 0.5 s", asyncio.run(stock(server.url, jobs)))
        finally:
            child.terminate()
            child.wait_until_it_ends(15)
    print(f"ratio of the medians   {theirs / mine:.0f} times sooner; target under {TARGET_MS} ms")
    print(f"repeat: PYTHONPATH=. python bench/queue_latency.py {jobs}")
    return 0 if mine < TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 80))
