"""A model of a queue shared by three owners and three workers: what each holds, and what must be true of it."""

import asyncio
import json
from collections import Counter

from app.infra.redis.scripts import GROUP
from app.infra.redis.stream import Entry, QueueDepth, StreamRedis

ACTS = [
    *("enqueue", "enqueue", "enqueue", "take", "take", "take", "take", "make room", "make room", "make room"),
    *("done", "done", "give back", "retry", "ask again", "take over", "die unbound", "vanish"),
]
"""What may happen, each as often as it stands here."""

_CONSUMERS = ["one", "two", "three"]
_SLOTS = 20


async def has_waited(redis: StreamRedis) -> None:
    """Let all jobs have been ready for long."""
    for job, record in (await redis.hgetall("q:jobs")).items():  # type: ignore[misc] # redis-py types both clients as one
        await redis.hset("q:jobs", job, json.dumps(json.loads(record) | {"since": 0}))  # type: ignore[misc] # as above


class Shares:
    """Does what it is told, and raises AssertionError where a job is lost, bound twice or given back for nothing."""

    def __init__(self, redis: StreamRedis) -> None:
        self.redis = redis
        self.unfinished: list[str] = []
        self.held: dict[str, tuple[str, Entry]] = {}
        """By job: its worker, and the entry that it has there."""
        self.enqueued = 0

    async def begin(self) -> None:
        await self.redis.ensure_group("q")
        for consumer in _CONSUMERS:
            await self.redis.renew("q", consumer, slots=_SLOTS, valid_ms=600_000, entries=[])

    async def act(self, act: str, which: int, owner: str) -> None:
        consumer = _CONSUMERS[which % 3]
        match act:
            case "enqueue":
                await self._enqueue(owner)
            case "ask again":
                for job in self.unfinished:
                    assert not await self.redis.enqueue_job("work", _job_id=job, _owner=job[0])
            case "take":
                await self._take(consumer)
            case "make room":
                await self._make_room()
            case "take over":
                await self._take_over(consumer)
            case "die unbound":
                await self.redis.xreadgroup(GROUP, consumer, {"q:stream": ">"}, count=1)
            case "vanish":
                await self._vanish()
            case "done" | "give back" | "retry" if self.held:
                job = sorted(self.held)[which % len(self.held)]
                await self._settle(job, {"done": None, "give back": 0, "retry": 1}[act])

    async def _enqueue(self, owner: str) -> None:
        self.enqueued += 1
        job = f"{owner}{self.enqueued}"
        assert await self.redis.enqueue_job("work", _job_id=job, _owner=owner)
        self.unfinished.append(job)

    async def _take(self, consumer: str) -> list[str]:
        entries = await self.redis.read("q", consumer, 1, 1)
        for entry in entries:
            assert entry.job_id in self.unfinished
            assert entry.job_id not in self.held, "bound twice"
            self.held[entry.job_id] = consumer, entry
        return [entry.job_id for entry in entries]

    async def _settle(self, job: str, delay_ms: int | None) -> None:
        consumer, entry = self.held.pop(job)
        assert await self.redis.settle("q", consumer, entry, delay_ms=delay_ms)
        if delay_ms is None:
            self.unfinished.remove(job)

    async def _make_room(self) -> None:
        await has_waited(self.redis)
        answers = {consumer: await self.redis.promote("q", consumer) for consumer in _CONSUMERS}
        asked = [(consumer, entry) for consumer, entry in answers.items() if entry]
        assert len(asked) <= 1
        before = self._running()
        for consumer, entry in asked:
            [job] = [job for job, held in self.held.items() if held[0] == consumer and held[1].id == entry]
            assert before[job[0]] == max(before.values())
            await self._settle(job, 0)
            [newcomer] = await self._take(consumer)
            assert newcomer[0] != job[0]
            assert _squares(self._running()) < _squares(before)

    async def _take_over(self, consumer: str) -> None:
        """Let all that others hold be taken over by one; of those they can settle nothing."""
        before, self.held = self.held, {}
        for entry in await self.redis.take_over("q", consumer, 1000, 0):
            assert entry.job_id in self.unfinished
            assert entry.job_id not in self.held, "bound twice"
            self.held[entry.job_id] = consumer, entry
        for job, (former, entry) in before.items():
            assert self.held[job] == (consumer, entry)
            if former != consumer:
                assert not await self.redis.settle("q", former, entry, delay_ms=None)

    async def _vanish(self) -> None:
        """Delete the stream, and sweep; whoever held something can settle nothing."""
        await self.redis.delete("q:stream")
        await self.redis.ensure_group("q")
        for job in self.unfinished:
            await self.redis.enqueue_job("work", _job_id=job, _owner=job[0])
        for job, (consumer, entry) in self.held.items():
            assert not await self.redis.settle("q", consumer, entry, delay_ms=None), job
        self.held.clear()

    def _running(self) -> Counter[str]:
        return Counter(job[0] for job in self.held)

    async def end(self) -> None:
        """Let all be carried out; nothing is left behind."""
        await asyncio.sleep(0.002)  # For retries, which are due a millisecond later.
        await self._make_room()
        await self._take_over("one")
        for _ in range(2 * len(self.unfinished) + 1):
            while self.held:
                await self._settle(next(iter(self.held)), None)
            await self._take("one")
        assert self.unfinished == []
        await self._take_over("one")
        assert await self.redis.depth("q") == QueueDepth(0, 0, 0)
        assert not await self.redis.exists("q", "q:wait", "q:owners", "q:jobs")


def _squares(running: Counter[str]) -> int:
    return sum(count * count for count in running.values())
