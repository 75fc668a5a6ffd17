"""The queue against a real Valkey: workers that die, freeze or stop, and a Redis that is away."""

import asyncio
import os
import signal
from typing import Any

import pytest

from app.infra.redis.scripts import GROUP
from app.infra.redis.stream import StreamRedis
from tests.infra.stream_queues import command, is_empty, listed, process, working
from tests.parts.stores import ValkeyPart
from tests.parts.waiting import until

# ---------------------------------------------------------------- workers that die


@pytest.mark.slow
async def test_a_killed_workers_job_is_taken_over_after_the_visibility_timeout(redis: StreamRedis, redis_url: str):
    await redis.enqueue_job("hold", _job_id="j")
    async with process(redis_url, 1.0) as first:
        await until(lambda: listed(redis, "begun"), 20)
        async with process(redis_url, 1.0) as second:
            await until(lambda: _consumers(redis, 2), 20)
            first.kill()
            await until(lambda: _begun_by(redis, second.pid))
            await redis.set("release", 1)
            await until(lambda: is_empty(redis))
    assert await listed(redis, "begun") == [["j", str(first.pid)], ["j", str(second.pid)]]
    assert await listed(redis, "ended") == [["j", str(second.pid)]]


async def _consumers(redis: StreamRedis, count: int) -> bool:
    return len(await redis.xinfo_consumers("q:stream", GROUP)) == count


async def _begun_by(redis: StreamRedis, pid: int) -> bool:
    return str(pid) in [by for _, by in await listed(redis, "begun")]


@pytest.mark.slow
async def test_a_worker_frozen_past_its_visibility_cannot_settle_what_another_took(redis: StreamRedis, redis_url: str):
    await redis.enqueue_job("hold", _job_id="j")
    async with process(redis_url, 0.6) as frozen:
        await until(lambda: listed(redis, "begun"), 20)
        os.kill(frozen.pid, signal.SIGSTOP)
        async with process(redis_url, 0.6) as other:
            await until(lambda: _begun_by(redis, other.pid), 20)
            os.kill(other.pid, signal.SIGSTOP)
            await redis.set("release", 1)
            os.kill(frozen.pid, signal.SIGCONT)
            await until(lambda: listed(redis, "ended"))  # It went on: a lost entry alone stops no work.
            assert (await redis.depth("q")).admitted == 1  # But it acknowledged nothing.
            os.kill(other.pid, signal.SIGCONT)
            await until(lambda: is_empty(redis))


@pytest.mark.slow
async def test_a_worker_told_to_end_gives_its_job_back_for_immediate_delivery(redis: StreamRedis, redis_url: str):
    await redis.enqueue_job("hold", _job_id="j")
    async with process(redis_url, 3600) as first:
        await until(lambda: listed(redis, "begun"), 20)
        async with process(redis_url, 3600) as second:
            await until(lambda: _consumers(redis, 2), 20)
            first.terminate()
            await until(lambda: _begun_by(redis, second.pid), 3)
            assert await asyncio.wait_for(first.wait(), 3) == 0
            assert await listed(redis, "canceled") == [["SIGTERM"]]
            await until(lambda: _consumers(redis, 1))


async def test_jobs_may_end_while_a_worker_stops_and_no_new_one_is_picked(redis: StreamRedis):
    started, seen, ran = asyncio.Event(), list[str | None](), list[str]()

    async def work(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])
        started.set()
        while ctx["worker"].stopping is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        seen.append(ctx["worker"].stopping)

    async with working(redis, work, max_jobs=1, shutdown_wait_seconds=10, visibility_seconds=0.3) as worker:
        await redis.enqueue_job("work", _job_id="first")
        await redis.enqueue_job("work", _job_id="second")
        await started.wait()
        await worker.stop("deploy")
    assert (seen, ran) == (["deploy"], ["first"])
    assert (await redis.depth("q")).admitted == 1


async def test_a_cancellation_is_never_swallowed_while_a_command_is_sent(redis: StreamRedis):
    async def busy() -> None:
        while True:
            await redis.exists("x")

    await redis.ping()
    for turns in range(200):
        task = asyncio.create_task(busy())
        for _ in range(turns % 50):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=2)
        if not done:  # Another try, so that the test ends.
            task.cancel()
        assert done


async def test_a_dead_workers_job_is_found_behind_many_living_ones(redis: StreamRedis):
    await redis.ensure_group("q")
    for _ in range(200):
        await redis.xadd("q:stream", {"id": "busy"})
    await redis.xadd("q:stream", {"id": "orphan"})
    await redis.read("q", "living", 200, 1)
    await redis.read("q", "dead", 1, 1)
    entries = await redis.xpending_range("q:stream", GROUP, "-", "+", 200, "living")
    await until(lambda: _idle_ms(redis, "dead", 300))
    await redis.renew("q", "living", slots=200, valid_ms=1000, entries=[e["message_id"].decode() for e in entries])
    taken = await redis.take_over("q", "free", 1, 300)
    assert [entry.job_id for entry in taken] == ["orphan"]


async def _idle_ms(redis: StreamRedis, consumer: str, least: int) -> bool:
    [pending] = await redis.xpending_range("q:stream", GROUP, "-", "+", 1, consumer)
    return int(pending["time_since_delivered"]) > least


async def test_only_the_holder_of_an_entry_settles_or_renews_it(redis: StreamRedis):
    await redis.ensure_group("q")
    await redis.enqueue_job("work", _job_id="j")
    [entry] = await redis.read("q", "slow", 1, 1)
    assert await redis.take_over("q", "fast", 1, 0) == [entry]
    assert await redis.renew("q", "slow", slots=1, valid_ms=1000, entries=[entry.id]) == {entry.id}
    assert not await redis.settle("q", "slow", entry, delay_ms=None)
    assert await redis.exists("arq:job:j")
    assert await redis.renew("q", "fast", slots=1, valid_ms=1000, entries=[entry.id]) == set()
    assert await redis.settle("q", "fast", entry, delay_ms=None)
    assert await is_empty(redis)


async def test_silent_workers_are_forgotten_unless_they_hold_a_job(redis: StreamRedis):
    await redis.ensure_group("q")
    await redis.enqueue_job("work", _job_id="j")
    await redis.read("q", "holds", 1, 1)
    await redis.read("q", "idle", 1, 1)
    await asyncio.sleep(0.01)
    await redis.forget("q", "", 1)
    assert [c["name"] for c in await redis.xinfo_consumers("q:stream", GROUP)] == [b"holds"]


# ---------------------------------------------------------------- a Redis that dies


@pytest.mark.slow
async def test_a_worker_survives_a_killed_redis_and_its_queue_does_too(redis: StreamRedis, valkey: ValkeyPart):
    ran, release = list[str](), asyncio.Event()

    async def work(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])
        if ctx["job_id"] == "during":
            await release.wait()

    async with working(redis, work, max_jobs=1, visibility_seconds=1) as worker:
        await redis.enqueue_job("work", _job_id="during")
        await redis.enqueue_job("work", _job_id="waiting")
        await until(lambda: ran == ["during"])
        await command(redis, "WAITAOF", 1, 0, 5000)
        valkey.kill()
        release.set()
        await until(lambda: not worker.tasks)
        valkey.start()
        await until(lambda: "waiting" in ran)
        await until(lambda: is_empty(redis), 15)
        await redis.enqueue_job("work", _job_id="after")
        await until(lambda: "after" in ran)
        assert not worker.main_task or not worker.main_task.done()


async def test_a_worker_may_start_before_redis_does(redis: StreamRedis, valkey: ValkeyPart):
    ran: list[str] = []

    async def work(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])

    valkey.kill()
    async with working(redis, work) as worker:
        try:
            await until(lambda: worker._failures)
        finally:
            valkey.start()
        await redis.enqueue_job("work", _job_id="j")
        await until(lambda: ran == ["j"])


async def test_an_emptied_redis_stops_neither_running_nor_new_jobs(redis: StreamRedis):
    ran, release = list[str](), asyncio.Event()

    async def work(ctx: dict[str, Any]) -> None:
        await release.wait()
        ran.append(ctx["job_id"])

    async with working(redis, work, max_jobs=2):
        await redis.enqueue_job("work", _job_id="running")
        await until(lambda: _running(redis))
        await redis.flushall()
        await redis.enqueue_job("work", _job_id="running")  # As the sweep does, which knows only the row.
        await redis.enqueue_job("work", _job_id="new")
        await until(lambda: _pending(redis, 2))
        release.set()
        await until(lambda: is_empty(redis))
    assert sorted(ran) == ["new", "running"]


async def _running(redis: StreamRedis) -> bool:
    return await _pending(redis, 1)


async def _pending(redis: StreamRedis, count: int) -> bool:
    if not await redis.exists("q:stream") or not await redis.xinfo_groups("q:stream"):
        return False
    return int((await redis.xpending("q:stream", GROUP))["pending"]) == count


async def test_a_worker_survives_a_redis_that_is_read_only_for_a_while(redis: StreamRedis):
    ran: list[str] = []

    async def work(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])

    async with working(redis, work) as worker:
        await until(lambda: redis.exists("q:stream"))
        await command(redis, "REPLICAOF", "127.0.0.1", "1")
        try:
            await until(lambda: worker._failures)
        finally:
            await command(redis, "REPLICAOF", "NO", "ONE")
        await redis.enqueue_job("work", _job_id="j")
        await until(lambda: ran == ["j"])
