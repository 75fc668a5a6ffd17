"""The queue against a real Valkey: what is put on it is carried out, whatever dies."""

import asyncio
import json
import os
import pickle
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from arq import Retry, cron, func
from arq.connections import ArqRedis

from app.infra.redis.scripts import GROUP
from app.infra.redis.stream import QueueDepth, StreamRedis, connect
from app.infra.redis.stream_worker import StreamWorker
from tests.parts.stores import ValkeyPart
from tests.parts.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[StreamRedis]:
    client = connect(redis_url)
    client.default_queue_name = "q"
    yield client
    await client.aclose()


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


# ---------------------------------------------------------------- one job


async def test_a_job_runs_with_its_arguments_and_leaves_nothing_behind(redis: StreamRedis):
    ran: list[tuple[str, int, str]] = []

    async def work(ctx: dict[str, Any], a: int, *, b: str) -> None:
        ran.append((ctx["job_id"], a, b))

    async with working(redis, work):
        await redis.enqueue_job("work", 1, b="zwei", _job_id="j")
        await until(lambda: ran == [("j", 1, "zwei")])
        await until(lambda: _empty(redis))
    assert not [key async for key in redis.scan_iter("arq:*")]


async def _empty(redis: StreamRedis, queue: str = "q") -> bool:
    return await redis.depth(queue) == QueueDepth(0, 0, 0)


async def test_payloads_are_json_and_never_pickle(redis: StreamRedis):
    await redis.enqueue_job("work", 1, _job_id="j")
    payload = await redis.get("arq:job:j")
    assert json.loads(payload)["f"] == "work"

    ran: list[str] = []

    async def work(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])

    await redis.set("arq:job:j", pickle.dumps({"t": None, "f": "work", "a": (), "k": {}, "et": 0}))
    async with working(redis, work):
        await until(lambda: _empty(redis))
    assert ran == []


async def test_a_job_that_waits_or_runs_is_not_queued_twice(redis: StreamRedis):
    started, release, runs = asyncio.Event(), asyncio.Event(), 0

    async def work(ctx: dict[str, Any]) -> None:
        nonlocal runs
        runs += 1
        started.set()
        await release.wait()

    added = await asyncio.gather(*(redis.enqueue_job("work", _job_id="j") for _ in range(10)))
    assert sum(job is not None for job in added) == 1
    async with working(redis, work):
        await started.wait()
        assert await redis.enqueue_job("work", _job_id="j") is None
        release.set()
        await until(lambda: _empty(redis))
        assert runs == 1
        assert await redis.enqueue_job("work", _job_id="j") is not None
        await until(lambda: runs == 2)


async def test_a_job_whose_stream_entry_vanished_can_be_queued_again_at_once(redis: StreamRedis):
    await redis.enqueue_job("work", _job_id="j")
    await redis.delete("q:stream")
    assert await redis.exists("arq:job:j")
    assert await redis.enqueue_job("work", _job_id="j") is not None
    assert (await redis.depth("q")).admitted == 1


async def test_asking_again_for_a_waiting_job_keeps_its_place_and_its_payload_alive(redis: StreamRedis):
    for number in range(5):
        await redis.enqueue_job("work", number, _job_id=str(number), _owner="a", _expires=1)
    before = await redis.zrange("q:wait", 0, -1, withscores=True)
    await redis.delete("arq:job:3")
    for number in range(5):
        assert await redis.enqueue_job("work", number, _job_id=str(number), _owner="a", _expires=1000) is None
    assert await redis.zrange("q:wait", 0, -1, withscores=True) == before
    assert all([await redis.pttl(f"arq:job:{number}") > 900_000 for number in range(5)])


async def test_a_retry_comes_back_when_it_says_and_a_deferred_job_is_not_early(redis: StreamRedis):
    loop, times = asyncio.get_running_loop(), dict[str, list[float]](later=[], again=[])

    async def work(ctx: dict[str, Any]) -> None:
        times[ctx["job_id"]].append(loop.time())
        if ctx["job_id"] == "again" and ctx["job_try"] == 1:
            raise Retry(0.4)

    async with working(redis, work):
        begun = loop.time()
        await redis.enqueue_job("work", _job_id="again")
        await redis.enqueue_job("work", _job_id="later", _defer_by=0.4)
        await until(lambda: len(times["again"]) == 2 and times["later"])
    assert 0.39 < times["again"][1] - times["again"][0] < 1.5
    assert 0.39 < times["later"][0] - begun < 1.5


async def test_a_job_that_breaks_unexpectedly_is_not_dropped(redis: StreamRedis):
    tries: list[int] = []

    async def work(ctx: dict[str, Any]) -> None:
        tries.append(ctx["job_try"])
        if len(tries) < 2:
            raise ZeroDivisionError

    async with working(redis, work):
        await redis.enqueue_job("work", _job_id="j")
        await until(lambda: tries == [1, 2])
        await until(lambda: _empty(redis))


async def test_an_unknown_function_a_lost_payload_and_a_foreign_entry_are_dropped_and_the_next_job_runs(
    redis: StreamRedis,
):
    ran: list[str] = []

    async def work(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])

    await redis.enqueue_job("nobody knows")
    await redis.enqueue_job("work", _job_id="lost")
    await redis.delete("arq:job:lost")
    await redis.xadd("q:stream", {"not": "ours"})
    await redis.enqueue_job("work", _job_id="good")
    async with working(redis, work):
        await until(lambda: _empty(redis))
    assert ran == ["good"]


async def test_a_stock_arq_client_may_enqueue_too(redis: StreamRedis, redis_url: str):
    ran: list[int] = []

    async def work(ctx: dict[str, Any], number: int) -> None:
        ran.append(number)

    stock = ArqRedis.from_url(redis_url)
    stock.job_serializer = redis.job_serializer
    await stock.enqueue_job("work", 7, _queue_name="q")
    await stock.aclose()
    async with working(redis, work):
        await until(lambda: ran == [7])


async def test_a_cron_job_runs_once_for_all_workers_and_the_health_check_is_kept(redis: StreamRedis):
    ran: list[str] = []

    async def tick(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])

    every_second = set(range(60))

    def with_cron() -> AbstractAsyncContextManager[StreamWorker]:
        return working(redis, cron_jobs=[cron(tick, name="tick", second=every_second, microsecond=0)])

    async with with_cron(), with_cron():
        await until(lambda: len(ran) >= 3)
        assert await redis.exists("q:health-check")
        # A worker whose clock is late enqueues it once more, and is refused.
        assert await redis.enqueue_job("tick", _job_id=ran[0]) is None
    assert max(Counter(ran).values()) == 1


# ---------------------------------------------------------------- many jobs


async def test_the_window_is_twice_the_slots_of_the_workers_that_live(redis: StreamRedis):
    async def window() -> int:
        return int(await redis.hget("q:fleet", ":window") or 0)  # type: ignore[misc] # as above

    async def work(ctx: dict[str, Any]) -> None: ...

    async with working(redis, work, max_jobs=3, visibility_seconds=0.6):
        await until(lambda: _is(window, 6))
        async with working(redis, work, max_jobs=5, visibility_seconds=0.6):
            await until(lambda: _is(window, 16))
        await until(lambda: _is(window, 6))
        await redis.renew("q", "dies soon", slots=10, valid_ms=1, entries=[])
        await redis.renew("q", "other", slots=1, valid_ms=5000, entries=[])
        await until(lambda: _is(window, 8))
    await redis.renew("q", "other", slots=0, valid_ms=0, entries=[])
    assert await window() == 2


async def _is(reading: Callable[[], Awaitable[int]], value: int) -> bool:
    return await reading() == value


async def test_the_depth_counts_running_waiting_and_deferred_jobs(redis: StreamRedis):
    release = asyncio.Event()

    async def work(ctx: dict[str, Any]) -> None:
        await release.wait()

    async with working(redis, work, max_jobs=2):
        await until(lambda: redis.hexists("q:fleet", ":window"))
        for number in range(10):
            await redis.enqueue_job("work", _job_id=str(number))
        await redis.enqueue_job("work", _defer_by=60)
        assert await redis.depth("q") == QueueDepth(admitted=4, waiting=6, deferred=1)
        release.set()
        await until(lambda: _ready_is_done(redis))


async def _ready_is_done(redis: StreamRedis) -> bool:
    return await redis.depth("q") == QueueDepth(0, 0, 1)


async def test_one_owners_thousand_does_not_starve_anothers_ten(redis: StreamRedis):
    order: list[str] = []

    async def work(ctx: dict[str, Any], owner: str) -> None:
        order.append(owner)

    for owner, count in (("a", 1000), ("b", 10)):
        await asyncio.gather(*(redis.enqueue_job("work", owner, _owner=owner) for _ in range(count)))
    async with working(redis, work, max_jobs=8):
        await until(lambda: len(order) == 1010, 30)
    last_of_b = len(order) - order[::-1].index("b")
    assert last_of_b <= 2 + 2 * 10 + 16  # What was admitted before b came, then by turns, then what runs at once.


async def test_a_burst_runs_once_each_over_two_workers(redis: StreamRedis):
    ran = Counter[str]()

    async def work(ctx: dict[str, Any]) -> None:
        ran[ctx["job_id"]] += 1

    async with working(redis, work, max_jobs=8), working(redis, work, max_jobs=8):
        await asyncio.gather(*(redis.enqueue_job("work", _job_id=str(n), _owner=str(n % 7)) for n in range(1000)))
        await until(lambda: len(ran) == 1000, 30)
        await until(lambda: _empty(redis))
    assert set(ran.values()) == {1}
    assert not await redis.exists("q:entries", "q:clock")


async def test_two_queues_in_one_loop_have_slots_of_their_own_and_end_together(redis: StreamRedis):
    release, ran = asyncio.Event(), list[str]()

    async def video(ctx: dict[str, Any]) -> None:
        ran.append("video")
        await release.wait()

    async def control(ctx: dict[str, Any]) -> None:
        ran.append("control")

    async with working(redis, video, queue="v", max_jobs=1), working(redis, control, queue="c", max_jobs=1):
        for _ in range(3):
            await redis.enqueue_job("video", _queue_name="v")
        await until(lambda: ran == ["video"])
        await redis.enqueue_job("control", _queue_name="c")
        await until(lambda: ran == ["video", "control"])


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
            await until(lambda: _empty(redis))
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
            await until(lambda: _empty(redis))


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
    assert await _empty(redis)


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
        await until(lambda: _empty(redis), 15)
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
        await until(lambda: _empty(redis))
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
