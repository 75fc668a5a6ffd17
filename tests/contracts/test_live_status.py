"""What every LiveStatus promises: the one over Redis and the twin that the use cases are tested with."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.domain.video import ProcessingStatus, VideoProcessing
from app.infra.redis.live import RedisLiveStatus
from app.infra.redis.stream import connect
from app.infra.redis.subscriber import Subscriber
from app.usecases.ports.live_status import LiveStatus, Resync, VideoGone
from tests.fakes.live_status import InMemoryLiveStatus
from tests.parts.videos import a_video, new_owner

Feed = AsyncIterator[VideoProcessing | VideoGone | Resync]


@pytest.fixture(params=["redis", "memory"])
async def live(request: pytest.FixtureRequest) -> AsyncIterator[LiveStatus]:
    if request.param == "memory":
        yield InMemoryLiveStatus()
        return
    redis = connect(request.getfixturevalue("redis_url"))
    async with Subscriber(redis.connection_pool) as subscriber:
        yield RedisLiveStatus(redis, subscriber)
    await redis.aclose()


async def take(feed: Feed, count: int) -> list[VideoProcessing | VideoGone | Resync]:
    return [await asyncio.wait_for(anext(feed), 5) for _ in range(count)]


async def test_a_watcher_is_told_to_read_first_and_then_gets_whole_snapshots(live: LiveStatus) -> None:
    video = a_video(new_owner())
    async with live.watch(video.owner) as feed:
        await live.publish(video)
        assert await take(feed, 2) == [Resync(), video]


async def test_a_watcher_hears_that_a_video_is_gone(live: LiveStatus) -> None:
    video = a_video(new_owner())
    async with live.watch(video.owner) as feed:
        await live.publish_gone(video.owner, video.id)
        assert await take(feed, 2) == [Resync(), VideoGone(video.id)]


async def test_all_who_watch_an_owner_get_it_and_nobody_else_does(live: LiveStatus) -> None:
    mine, other = a_video(new_owner()), a_video(new_owner())
    async with live.watch(mine.owner) as one, live.watch(mine.owner) as two, live.watch(other.owner) as three:
        await live.publish(mine)
        await live.publish(other)
        assert await take(one, 2) == await take(two, 2) == [Resync(), mine]
        assert await take(three, 2) == [Resync(), other]


async def test_a_slow_reader_gets_the_latest_of_each_video(live: LiveStatus) -> None:
    owner = new_owner()
    one, two = a_video(owner), a_video(owner)
    async with live.watch(owner) as feed, live.watch(owner) as quick:
        for version in range(1001, 1021):
            await live.publish(replace(one, version=version))
            await live.publish(replace(two, version=version))
        while (await take(quick, 1)) != [replace(two, version=1020)]:
            pass
        assert await take(feed, 3) == [Resync(), replace(one, version=1020), replace(two, version=1020)]


async def test_an_end_that_waits_is_not_displaced_by_what_comes_late(live: LiveStatus) -> None:
    owner = new_owner()
    ended, gone, sign = a_video(owner), a_video(owner), a_video(owner)
    final = replace(ended, status=ProcessingStatus.FAILED, version=2000)
    async with live.watch(owner) as feed, live.watch(owner) as quick:
        await live.publish(final)
        await live.publish(replace(ended, version=1007))
        await live.publish(gone)
        await live.publish_gone(owner, gone.id)
        await live.publish(replace(gone, version=9000))
        await live.publish(sign)
        while (await take(quick, 1)) != [sign]:
            pass
        assert await take(feed, 4) == [Resync(), final, VideoGone(gone.id), sign]


async def test_being_cancelled_while_waiting_loses_nothing(live: LiveStatus) -> None:
    video = a_video(new_owner())
    async with live.watch(video.owner) as feed:
        await take(feed, 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(feed), 0.01)
        await live.publish(video)
        assert await take(feed, 1) == [video]


async def test_publishing_where_nobody_watches_is_no_error(live: LiveStatus) -> None:
    await live.publish(a_video(new_owner()))
