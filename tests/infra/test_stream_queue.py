"""The queue against a real Valkey: what is put on it is carried out, whatever dies."""

import asyncio
import json
import pickle
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from arq import Retry, cron
from arq.connections import ArqRedis

from app.infra.redis.stream import QueueDepth, StreamRedis
from app.infra.redis.stream_worker import StreamWorker
from tests.infra.stream_queues import is_empty, working
from tests.parts.waiting import until


@pytest.mark.slow
async def test_a_worker_that_pauses_picks_no_job_until_it_resumes(redis: StreamRedis):
    ran: list[int] = []

    async def count(_: object, number: int) -> None:
        ran.append(number)

    async with working(redis, count) as worker:
        await redis.enqueue_job("count", 1)
        await until(lambda: ran == [1])
        worker.pause()
        await asyncio.sleep(1)  # What it had asked for before may still come.
        await redis.enqueue_job("count", 2)
        await asyncio.sleep(2)
        assert ran == [1]
        worker.resume()
        await until(lambda: ran == [1, 2])


# ---------------------------------------------------------------- one job


async def test_a_job_runs_with_its_arguments_and_leaves_nothing_behind(redis: StreamRedis):
    ran: list[tuple[str, int, str]] = []

    async def work(ctx: dict[str, Any], a: int, *, b: str) -> None:
        ran.append((ctx["job_id"], a, b))

    async with working(redis, work):
        await redis.enqueue_job("work", 1, b="zwei", _job_id="j")
        await until(lambda: ran == [("j", 1, "zwei")])
        await until(lambda: is_empty(redis))
    assert not [key async for key in redis.scan_iter("arq:*")]


async def test_payloads_are_json_and_never_pickle(redis: StreamRedis):
    await redis.enqueue_job("work", 1, _job_id="j")
    payload = await redis.get("arq:job:j")
    assert json.loads(payload)["f"] == "work"

    ran: list[str] = []

    async def work(ctx: dict[str, Any]) -> None:
        ran.append(ctx["job_id"])

    await redis.set("arq:job:j", pickle.dumps({"t": None, "f": "work", "a": (), "k": {}, "et": 0}))
    async with working(redis, work):
        await until(lambda: is_empty(redis))
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
        await until(lambda: is_empty(redis))
        assert runs == 1
        assert await redis.enqueue_job("work", _job_id="j") is not None
        await until(lambda: runs == 2)


async def test_a_stream_that_vanished_comes_back_when_a_job_is_asked_for_again(redis: StreamRedis):
    await redis.enqueue_job("work", _job_id="j")
    await redis.delete("q:stream")
    assert await redis.enqueue_job("work", _job_id="j") is None
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


@pytest.mark.slow
async def test_a_job_that_breaks_unexpectedly_is_not_dropped(redis: StreamRedis):
    tries: list[int] = []

    async def work(ctx: dict[str, Any]) -> None:
        tries.append(ctx["job_try"])
        if len(tries) < 2:
            raise ZeroDivisionError

    async with working(redis, work):
        await redis.enqueue_job("work", _job_id="j")
        await until(lambda: tries == [1, 2])
        await until(lambda: is_empty(redis))


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
        await until(lambda: is_empty(redis))
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


@pytest.mark.slow
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
    assert last_of_b <= 2 * 10 + 16  # By turns, and what runs at once.


@pytest.mark.slow
async def test_a_burst_runs_once_each_over_two_workers(redis: StreamRedis):
    ran = Counter[str]()

    async def work(ctx: dict[str, Any]) -> None:
        ran[ctx["job_id"]] += 1

    async with working(redis, work, max_jobs=8), working(redis, work, max_jobs=8):
        await asyncio.gather(*(redis.enqueue_job("work", _job_id=str(n), _owner=str(n % 7)) for n in range(1000)))
        await until(lambda: len(ran) == 1000, 30)
        await until(lambda: is_empty(redis))
    assert set(ran.values()) == {1}
    assert not await redis.exists("q:jobs", "q:bound", "q:owners")


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
