"""Imports on their queue: fetched beside control work, by workers that come and go."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.domain.audit import Operator
from app.domain.video_import import ImportStatus
from app.infra.redis.queue import ArqJobQueue
from app.infra.redis.stream import StreamRedis, connect
from app.infra.redis.stream_worker import StreamWorker
from app.usecases.sweep_due_imports import SweepDueImports
from app.worker import _control_worker, _import_worker
from tests.parts.waiting import until
from tests.usecases.importing import FILM, MIB, Importing
from tests.usecases.world import World


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[StreamRedis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


def worker_of(importing: Importing, redis: StreamRedis) -> StreamWorker:
    control: Any = importing.world.control(sources=importing.sources, **importing.settings)
    return _import_worker(importing.world.settings(import_slots=2), control, redis)


async def test_an_import_goes_on_at_another_worker_when_the_first_is_told_to_end(world: World, redis: StreamRedis):
    async with Importing.of(world, pause=0.05, piece=MIB) as importing:
        asked, queue = await importing.ask(), ArqJobQueue(redis)
        assert await queue.fetch_import(asked.id, asked.owner)
        assert await queue.fetch_import(asked.id, asked.owner)  # It is there already.
        first, second = worker_of(importing, redis), worker_of(importing, redis)
        running = asyncio.create_task(first.main())
        await until(lambda: any(one.sent for one in world.storage.in_parts.values()))
        began = asyncio.get_running_loop().time()
        await first.stop("shutdown")
        assert asyncio.get_running_loop().time() - began < 3
        await running
        assert (await importing.row(asked.id)).status is ImportStatus.WAITING
        importing.server.pause = 0
        running = asyncio.create_task(second.main())

        async def has_ended() -> bool:
            return (await importing.row(asked.id)).status is ImportStatus.IMPORTED

        await until(has_ended, 20)
        await second.stop("shutdown")
        await running
    assert (await world.row(asked.id)).size_bytes == len(FILM)
    assert "range" in importing.server.asked[1].headers


async def test_mails_and_removals_do_not_wait_behind_a_long_import(world: World, redis: StreamRedis):
    async with Importing.of(world, pause=0.2, piece=1000) as importing:
        asked, queue = await importing.ask(), ArqJobQueue(redis)
        control: Any = world.control(sources=importing.sources, **importing.settings)
        imports, others = worker_of(importing, redis), _control_worker(world.settings(), control, redis)
        running = [asyncio.create_task(one.main()) for one in (imports, others)]
        await SweepDueImports(world.transactions, queue, world.clock)()
        await until(lambda: bool(importing.server.asked))
        world.orphans("results/x/1.zip")
        await world.transactions.write(
            lambda t: t.removals.add("results/x/1.zip", is_prefix=False, at=world.clock.now())
        )
        await queue.remove_objects()
        await until(lambda: not world.storage.objects)
        assert (await importing.row(asked.id)).status is ImportStatus.FETCHING
        await asyncio.gather(imports.stop("shutdown"), others.stop("shutdown"))
        await asyncio.gather(*running)


async def test_what_waits_for_its_next_try_comes_sooner_where_its_row_says_so(world: World, redis: StreamRedis):
    async with Importing.of(world, cuts=[9 * MIB, MIB]) as importing:
        asked, queue = await importing.ask(), ArqJobQueue(redis)
        worker = worker_of(importing, redis)
        running = asyncio.create_task(worker.main())
        sweep = SweepDueImports(world.transactions, queue, world.clock)
        await sweep()

        async def waits() -> bool:
            row = await importing.row(asked.id)
            return (row.status, row.faults) == (ImportStatus.WAITING, 1)

        await until(waits)
        await world.operate.users.disable(Operator.at_shell("root", "here"), importing.viewer.id)

        async def has_failed() -> bool:
            await sweep()
            return (await importing.row(asked.id)).status is ImportStatus.FAILED

        await until(has_failed, 4)  # The next try would come after five seconds.
        await worker.stop("shutdown")
        await running
    assert len(importing.server.asked) == 1
