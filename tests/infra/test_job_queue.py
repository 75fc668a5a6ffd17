"""The adapter of JobQueue against a real Valkey."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from app.domain.user import UserId
from app.domain.video import new_video_id
from app.infra.redis.queue import CONTROL_QUEUE, VIDEO_QUEUE, ArqJobQueue
from app.infra.redis.stream import StreamRedis, connect
from app.usecases.ports.queue import WorkerSeen
from tests.parts.stores import ValkeyPart

OWNER = UserId("11111111-1111-4111-8111-111111111111")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[StreamRedis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


async def test_a_video_is_queued_once_under_its_own_id_however_often_it_is_asked_for(redis: StreamRedis):
    queue, video = ArqJobQueue(redis), new_video_id()
    assert [await queue.process_video(video, OWNER) for _ in range(3)] == [True] * 3
    assert (await redis.depth(VIDEO_QUEUE)).admitted == 1
    assert await redis.exists(f"arq:job:{video}")


async def test_a_video_whose_job_vanished_is_queued_again(redis: StreamRedis):
    queue, video = ArqJobQueue(redis), new_video_id()
    await queue.process_video(video, OWNER)
    await redis.delete(f"{VIDEO_QUEUE}:stream")
    assert await queue.process_video(video, OWNER)
    assert (await redis.depth(VIDEO_QUEUE)).admitted == 1


async def test_control_work_has_a_queue_of_its_own_and_each_call_is_a_job(redis: StreamRedis):
    queue = ArqJobQueue(redis)
    assert await queue.deliver_notifications()
    assert await queue.deliver_notifications()
    assert await queue.remove_objects()
    depth = await redis.depth(CONTROL_QUEUE)
    assert depth.admitted + depth.waiting == 3
    assert (await redis.depth(VIDEO_QUEUE)).admitted == 0


async def test_a_queue_that_is_away_answers_false_and_is_logged_once(redis: StreamRedis, valkey: ValkeyPart):
    queue = ArqJobQueue(redis)
    with capture_logs() as lines:
        valkey.kill()
        try:
            assert [await queue.process_video(new_video_id(), OWNER) for _ in range(3)] == [False] * 3
        finally:
            valkey.start()
        assert await queue.process_video(new_video_id(), OWNER)
    assert [line["event"] for line in lines if "redis" in line["event"]] == ["redis is away", "redis is back"]


async def test_a_queue_that_hangs_costs_a_second_and_no_more(redis_url: str):
    async def never_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    silent = asyncio.Event()
    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    client = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    begun = time.monotonic()
    assert not await ArqJobQueue(client).process_video(new_video_id(), OWNER)
    assert time.monotonic() - begun < 1.5
    silent.set()
    await client.aclose()
    server.close()
    await server.wait_closed()


async def test_the_queue_knows_what_waits_runs_or_comes_back_later_and_nothing_else(redis: StreamRedis):
    queue = ArqJobQueue(redis)
    runs, waits, comes_back, done, unheard = videos = [new_video_id() for _ in range(5)]
    await redis.ensure_group(VIDEO_QUEUE)
    await redis.renew(VIDEO_QUEUE, "worker", slots=3, valid_ms=60_000, entries=[])
    for video in (runs, done, comes_back, waits):
        await queue.process_video(video, OWNER)
    first, second, third = [(await redis.read(VIDEO_QUEUE, "worker", 1, 1))[0] for _ in range(3)]
    assert [entry.job_id for entry in (first, second, third)] == [runs, done, comes_back]
    assert await redis.settle(VIDEO_QUEUE, "worker", second, delay_ms=None)
    assert await redis.settle(VIDEO_QUEUE, "worker", third, delay_ms=60_000)
    assert await queue.known(videos) == {runs, waits, comes_back}
    await redis.delete(f"{VIDEO_QUEUE}:stream")
    assert await queue.known([runs, unheard]) == set(), "its entry vanished, so nobody would ever get it"


async def test_the_workers_that_are_there_are_told_with_what_they_have(redis: StreamRedis):
    queue = ArqJobQueue(redis)
    assert await queue.workers() == []
    await redis.ensure_group(VIDEO_QUEUE)
    for _ in range(2):
        await queue.process_video(new_video_id(), OWNER)
    await redis.renew(VIDEO_QUEUE, "one", slots=2, valid_ms=60_000, entries=[])
    await redis.renew(VIDEO_QUEUE, "two", slots=1, valid_ms=60_000, entries=[])
    await redis.renew(VIDEO_QUEUE, "dead", slots=4, valid_ms=0, entries=[])
    assert len(await redis.read(VIDEO_QUEUE, "one", 2, 1)) == 2
    assert await queue.workers() == [WorkerSeen("one", 2, 2), WorkerSeen("two", 1, 0)]


async def test_of_a_queue_that_is_away_nobody_knows_what_it_has():
    redis, video = connect("redis://127.0.0.1:1"), new_video_id()
    queue = ArqJobQueue(redis)
    assert await queue.known([video]) == {video}
    assert await queue.workers() is None
    await redis.aclose()
