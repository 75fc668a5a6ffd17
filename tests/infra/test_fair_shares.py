"""Who is given a running slot, and who has to give one back: max-min fairness between owners, on a real Valkey.

Job ids begin with their owner's letter.
"""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.infra.redis.scripts import GROUP
from app.infra.redis.stream import Entry, QueueDepth, StreamRedis, connect
from tests.infra.fair_shares import ACTS, Shares, has_waited
from tests.infra.stream_queues import is_empty, working
from tests.parts.waiting import until

EXAMPLES = int(os.environ.get("FIAPX_MODEL_EXAMPLES", "25"))
"""How many stories are tried; ``FIAPX_MODEL_EXAMPLES=500`` as many as that."""


async def announced(redis: StreamRedis, *consumers: str, slots: int = 1) -> None:
    await redis.ensure_group("q")
    for consumer in consumers:
        await redis.renew("q", consumer, slots=slots, valid_ms=60_000, entries=[])


async def queued(redis: StreamRedis, *jobs: str) -> None:
    for job in jobs:
        assert await redis.enqueue_job("work", _job_id=job, _owner=job[0])


async def taken(redis: StreamRedis, consumer: str) -> Entry | None:
    return next(iter(await redis.read("q", consumer, 1, 1)), None)


async def name_taken(redis: StreamRedis, consumer: str) -> str | None:
    entry = await taken(redis, consumer)
    return entry.job_id if entry else None


async def asked(redis: StreamRedis, *consumers: str) -> list[str | None]:
    """Return which entry each has to give back."""
    return [await redis.promote("q", consumer) for consumer in consumers]


# ---------------------------------------------------------------- who is next


async def test_a_newcomer_does_not_wait_behind_what_another_only_queued(redis: StreamRedis):
    await announced(redis, "one", "two")
    await queued(redis, *(f"a{n}" for n in range(8)))
    assert (await redis.depth("q")).admitted == 4
    assert await name_taken(redis, "one") == "a0"
    await queued(redis, "b0")
    assert await name_taken(redis, "two") == "b0"


async def test_an_owners_own_jobs_come_in_their_order_and_what_was_given_back_before_them(redis: StreamRedis):
    await announced(redis, "one", slots=4)
    await queued(redis, "a3", "a1", "a2")
    first = await taken(redis, "one")
    assert first is not None
    assert first.job_id == "a3"
    await redis.settle("q", "one", first, delay_ms=0)
    assert [await name_taken(redis, "one") for _ in range(3)] == ["a3", "a1", "a2"]


@pytest.mark.parametrize(("slots", "begin", "then"), [(2, ["a0", "b0"], "c0"), (3, ["a0", "b0", "c0"], "a1")])
async def test_slots_go_to_who_runs_fewest_and_among_equals_by_turns(
    redis: StreamRedis, slots: int, begin: list[str], then: str
):
    await announced(redis, *map(str, range(slots)))
    await queued(redis, *(f"{owner}{n}" for owner in "abc" for n in range(5)))
    begun = [await taken(redis, str(n)) for n in range(slots)]
    assert [entry and entry.job_id for entry in begun] == begin
    assert begun[0] is not None
    await redis.settle("q", "0", begun[0], delay_ms=None)
    assert await name_taken(redis, "0") == then


async def test_long_jobs_gain_no_slots_while_anothers_short_ones_come_and_go(redis: StreamRedis):
    consumers = "1234"
    await announced(redis, *consumers)
    await queued(redis, *(f"a{n}" for n in range(9)), *(f"b{n}" for n in range(9)))
    begun = {consumer: await taken(redis, consumer) for consumer in consumers}
    for _ in range(7):
        consumer, short = next((c, entry) for c, entry in begun.items() if entry and entry.job_id[0] == "b")
        await redis.settle("q", consumer, short, delay_ms=None)
        begun[consumer] = await taken(redis, consumer)
        assert sorted(entry.job_id[0] for entry in begun.values() if entry) == ["a", "a", "b", "b"]


async def test_with_one_slot_owners_take_turns(redis: StreamRedis):
    await announced(redis, "one")
    await queued(redis, *(f"a{n}" for n in range(6)), "b0", "b1", "c0")
    order = []
    while entry := await taken(redis, "one"):
        order.append(entry.job_id)
        await redis.settle("q", "one", entry, delay_ms=None)
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4", "a5"]


# ---------------------------------------------------------------- who gives back


async def test_the_youngest_of_who_runs_two_more_is_given_back_once_another_has_waited(redis: StreamRedis):
    await announced(redis, "one", "two")
    await queued(redis, "a0", "a1", "a2")
    oldest, youngest = await taken(redis, "one"), await taken(redis, "two")
    await has_waited(redis)
    assert await asked(redis, "one", "two") == [None, None], "nobody else waits"
    await queued(redis, "b0")
    assert await asked(redis, "one", "two") == [None, None], "a slot may become free by itself"
    await has_waited(redis)
    assert youngest is not None
    assert await asked(redis, "one", "two", "one", "two") == [None, youngest.id] * 2
    await redis.settle("q", "two", youngest, delay_ms=0)
    assert await asked(redis, "one", "two") == [None, None]
    newcomer = await taken(redis, "two")
    assert newcomer is not None
    assert newcomer.job_id == "b0"
    await has_waited(redis)
    assert await asked(redis, "one", "two") == [None, None], "both have their share"
    await redis.settle("q", "two", newcomer, delay_ms=None)
    assert await name_taken(redis, "two") == "a1", "what was given back comes before what its owner queued later"
    assert oldest is not None


@pytest.mark.parametrize(
    ("running", "waiting"),
    [
        ("a", "b"),  # One slot in all.
        ("ab", "c"),
        ("aab", "b"),
        ("aabb", "ab"),
        ("aa", "a"),
    ],
)
async def test_nothing_is_given_back_where_shares_would_not_be_more_even(
    redis: StreamRedis, running: str, waiting: str
):
    consumers = [f"w{n}" for n in range(len(running))]
    await announced(redis, *consumers)
    for number, owner in enumerate(running):
        await queued(redis, f"{owner}{number}")
        assert await name_taken(redis, consumers[number]) == f"{owner}{number}"
    await queued(redis, *(f"{owner} waits" for owner in waiting))
    await has_waited(redis)
    assert await asked(redis, *consumers) == [None] * len(running)


async def test_three_slots_are_shared_evenly_step_by_step(redis: StreamRedis):
    consumers = ["one", "two", "three"]
    await announced(redis, *consumers)
    await queued(redis, *(f"a{n}" for n in range(5)))
    held = {consumer: await taken(redis, consumer) for consumer in consumers}
    await queued(redis, "b0", "b1", "c0", "c1")
    await has_waited(redis)
    for _ in range(2):
        answers = await asked(redis, *consumers)
        [(consumer, entry)] = [(c, held[c]) for c, answer in zip(consumers, answers, strict=True) if answer]
        assert entry is not None
        assert entry.id in answers
        await redis.settle("q", consumer, entry, delay_ms=0)
        held[consumer] = await taken(redis, consumer)
    assert sorted(entry.job_id for entry in held.values() if entry) == ["a0", "b0", "c0"]
    assert await asked(redis, *consumers) == [None] * 3


async def test_who_takes_no_more_counts_with_none_of_its_slots(redis: StreamRedis):
    await announced(redis, "one", "two")
    await queued(redis, "a0", "a1")
    _, youngest = await _needed(redis, "one"), await _needed(redis, "two")
    await queued(redis, "b0")
    await has_waited(redis)
    await redis.renew("q", "one", slots=0, valid_ms=0, entries=[])
    assert await asked(redis, "one", "two") == [None, None]
    await redis.renew("q", "one", slots=1, valid_ms=60_000, entries=[])
    assert await asked(redis, "one", "two") == [None, youngest.id]


async def _needed(redis: StreamRedis, consumer: str) -> Entry:
    entry = await taken(redis, consumer)
    assert entry is not None
    return entry


@pytest.mark.slow
async def test_workers_make_room_for_a_newcomer_and_lose_no_job(redis: StreamRedis):
    begun, ended, tidied, preempted = list[str](), list[str](), list[str](), list[bool]()
    release = asyncio.Event()

    async def work(ctx: dict[str, Any]) -> None:
        begun.append(ctx["job_id"])
        try:
            if ctx["job_id"][0] == "a":
                await release.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(1)  # It gives back what it holds, and is asked again meanwhile.
            tidied.append(ctx["job_id"])
            raise
        ended.append(ctx["job_id"])

    options: dict[str, Any] = {"max_jobs": 1, "on_preemption": lambda: preempted.append(True)}
    async with working(redis, work, **options), working(redis, work, **options):
        await until(lambda: redis.hexists("q:fleet", ":window"))
        await queued(redis, *(f"a{n}" for n in range(4)))
        await until(lambda: len(begun) == 2)
        await queued(redis, "b0")
        await until(lambda: "b0" in ended)
        await until(lambda: len(begun) == 4)
        assert (begun[2], preempted) == ("b0", [True])
        assert begun[3] in begun[:2]
        assert tidied == [begun[3]]
        release.set()
        await until(lambda: is_empty(redis))
    assert sorted(ended) == ["a0", "a1", "a2", "a3", "b0"]


@pytest.mark.slow
async def test_a_job_that_swallows_its_cancellation_is_cancelled_once_more(redis: StreamRedis):
    cancellations, ended = list[str](), list[str]()

    async def work(ctx: dict[str, Any]) -> None:
        while ctx["job_id"] == "a1" and len(cancellations) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancellations.append(ctx["job_id"])
                if len(cancellations) == 2:
                    raise
        if ctx["job_id"] == "a0":
            await asyncio.Event().wait()
        ended.append(ctx["job_id"])

    preempted: list[bool] = []
    async with working(redis, work, max_jobs=2, on_preemption=lambda: preempted.append(True)):
        await queued(redis, "a0", "a1")
        await until(lambda: _running(redis, 2))
        await queued(redis, "b0")
        await until(lambda: "b0" in ended, 15)
    assert (cancellations, preempted) == (["a1"] * 2, [True])


async def _running(redis: StreamRedis, count: int) -> bool:
    return int(await redis.hlen("q:bound")) == count  # type: ignore[misc] # redis-py types both clients as one


# ---------------------------------------------------------------- entries


async def test_who_takes_an_entry_over_gets_the_job_that_it_stood_for(redis: StreamRedis):
    await announced(redis, "dies", "lives")
    await queued(redis, "a0", "a1", "b0")
    entry = await taken(redis, "dies")
    assert await redis.take_over("q", "lives", 1, 0) == [entry]
    assert entry is not None
    assert not await redis.settle("q", "dies", entry, delay_ms=None)
    assert await redis.settle("q", "lives", entry, delay_ms=None)
    assert not await redis.hexists("q:jobs", "a0")  # type: ignore[misc] # as above


async def test_a_worker_that_dies_before_it_knows_its_job_loses_none(redis: StreamRedis):
    await announced(redis, "dies", "lives", slots=5)
    await queued(redis, "a0")
    assert await redis.xreadgroup(GROUP, "dies", {"q:stream": ">"}, count=1)
    assert await redis.enqueue_job("work", _job_id="a0", _owner="a") is None
    entry = await _needed(redis, "lives")  # Nobody waits until the dead one's is taken over.
    assert entry.job_id == "a0"
    assert await redis.take_over("q", "lives", 5, 0) == [entry]
    await redis.settle("q", "lives", entry, delay_ms=None)
    assert await is_empty(redis)


async def test_an_entry_for_which_there_is_no_job_goes(redis: StreamRedis):
    await announced(redis, "one")
    await redis.xadd("q:stream", {"not": "ours"})
    assert await taken(redis, "one") is None
    assert await is_empty(redis)


async def test_a_stream_that_vanished_comes_back_with_all_that_waits(redis: StreamRedis):
    await announced(redis, "one", slots=3)
    await queued(redis, "a0", "a1")
    lost = await _needed(redis, "one")
    await redis.delete("q:stream")
    await redis.ensure_group("q")
    assert await redis.enqueue_job("work", _job_id="a0", _owner="a") is not None, "as the sweep does"
    assert await redis.depth("q") == QueueDepth(2, 0, 0)
    assert not await redis.settle("q", "one", lost, delay_ms=None)
    assert [await name_taken(redis, "one") for _ in range(3)] == ["a1", "a0", None]


async def test_what_a_former_version_queued_and_ran_is_carried_out_by_this_one(redis: StreamRedis):
    await announced(redis, "new", slots=4)
    await redis.set("arq:job:admitted", "payload")
    await redis.xadd("q:stream", {"id": "admitted"})
    await redis.zadd("q:wait", {"waits": 3})
    await queued(redis, "a0")
    entries = [await _needed(redis, "new") for _ in range(2)]
    await redis.promote("q", "new")
    entries.append(await _needed(redis, "new"))
    assert [entry.job_id for entry in entries] == ["admitted", "a0", "waits"]
    for entry in entries:
        assert await redis.settle("q", "new", entry, delay_ms=None)
    assert await is_empty(redis)
    assert not await redis.exists("arq:job:admitted", "q:jobs", "q:bound", "q:owners", "q:wait")


async def test_a_worker_of_a_former_version_drops_an_entry_and_no_job(redis: StreamRedis):
    await announced(redis, "old", "new")
    await queued(redis, "a0")
    [[_, [(entry, fields)]]] = await redis.xreadgroup(GROUP, "old", {"q:stream": ">"}, count=1)
    assert b"id" not in fields, "it takes that for a job without a payload, acknowledges it and deletes it"
    await redis.xack("q:stream", GROUP, entry)
    await redis.xdel("q:stream", entry)
    await redis.promote("q", "new")
    assert await name_taken(redis, "new") == "a0"


# ---------------------------------------------------------------- whatever happens


@pytest.mark.slow
@given(acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.sampled_from("abc")), max_size=60))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_no_job_is_lost_or_bound_twice_and_each_one_given_back_makes_shares_more_even(
    redis_url: str, acts: Sequence[tuple[str, int, str]]
):
    async def story() -> None:
        redis = connect(redis_url)
        redis.default_queue_name = "q"
        try:
            await redis.flushall()
            shares = Shares(redis)
            await shares.begin()
            for act, which, owner in acts:
                await shares.act(act, which, owner)
            await shares.end()
        finally:
            await redis.aclose()

    asyncio.run(story())
