"""Live status over a real Valkey: what reconnects, what is shared, and what travels."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.domain.failure import Failure, FailureCode
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import FramesArchive, MediaInfo, ProcessingStatus, Progress, VideoProcessing, new_video_id
from app.domain.video_import import VideoImport
from app.infra.redis.latest import Latest
from app.infra.redis.live import RedisLiveImports, RedisLiveStatus
from app.infra.redis.snapshot import decoded, encoded
from app.infra.redis.stream import StreamRedis, connect
from app.infra.redis.subscriber import Subscriber
from app.usecases.ports.live_status import LiveTile, Resync, VideoGone
from tests.parts.stores import ValkeyPart
from tests.parts.videos import a_video, new_owner
from tests.parts.waiting import until


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[StreamRedis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def live(redis: StreamRedis) -> AsyncIterator[RedisLiveStatus]:
    async with Subscriber(redis.connection_pool) as subscriber:
        yield RedisLiveStatus(redis, subscriber)


async def pubsub_connections(redis: StreamRedis) -> int:
    return len(await redis.client_list(_type="pubsub"))


FULL = a_video(
    new_owner(),
    status=ProcessingStatus.FAILED,
    options=ExtractionOptions(
        select=FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(0.1, 2 / 3)),
        format=ImageFormat.WEBP,
        quality=7,
        max_width=640,
        start_seconds=0.25,
        end_seconds=1e9 + 1 / 3,
    ),
    attempt=2,
    version=3001,
    created_at=datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC),
    progress=Progress(99.99999999999999, 12, 13),
    started_at=datetime(2026, 11, 23, 12, 0, 1, 1, tzinfo=UTC),
    completed_at=datetime(2026, 11, 23, 12, 0, 2, tzinfo=UTC),
    failure=Failure(FailureCode.CORRUPT_VIDEO, 'It said: "não" \u0000\U0001f3ac'),
    media=MediaInfo(None, 1920, 1080, "h264", 30000 / 1001),
    archive=FramesArchive("results/x/2.zip", 2**60, "ab" * 32, 12, "results/x/2.jpg"),
)


@pytest.mark.parametrize("event", [FULL, a_video(new_owner()), VideoGone(FULL.id)], ids=["full", "plain", "gone"])
def test_an_event_survives_being_encoded_and_decoded(event) -> None:
    assert decoded(encoded(event)) == event


def test_unknown_fields_of_a_newer_release_are_ignored() -> None:
    message = json.loads(encoded(FULL))
    message["hint"] = message["video"]["mood"] = message["video"]["options"]["filter"] = "new"
    assert decoded(json.dumps(message).encode()) == FULL


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"video": {"id": "x"}}'])
def test_a_malformed_event_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the codec's own promise is just that
        decoded(data)


async def test_a_reader_that_is_far_behind_is_told_to_read_instead() -> None:
    owner, queue = new_owner(), Latest[VideoProcessing]()
    for _ in range(1001):
        queue.put(a_video(owner))
    assert await anext(queue) == Resync()
    queue.put(FULL)
    assert await anext(queue) == FULL


async def test_one_connection_serves_all_watchers_and_a_channel_lives_as_long_as_they(
    redis: StreamRedis, live: RedisLiveStatus
):
    one, two = new_owner(), new_owner()
    assert await pubsub_connections(redis) == 0
    async with live.watch(one), live.watch(two):
        async with live.watch(one):
            assert await pubsub_connections(redis) == 1
        assert len(await redis.pubsub_channels()) == 2
    await until(lambda: _no_channels(redis))
    async with live.watch(one) as feed:
        await live.publish(video := a_video(one))
        assert [await anext(feed), await anext(feed)] == [Resync(), video]


async def _no_channels(redis: StreamRedis) -> bool:
    channels: list[bytes] = await redis.pubsub_channels()
    return channels == []


async def test_after_a_reconnect_every_watcher_is_told_to_read_again(redis: StreamRedis, live: RedisLiveStatus):
    one, two = new_owner(), new_owner()
    async with live.watch(one) as first, live.watch(two) as second:
        await anext(first)
        await anext(second)
        await redis.client_kill_filter(_type="pubsub")
        assert await asyncio.wait_for(anext(first), 5) == Resync()
        assert await asyncio.wait_for(anext(second), 5) == Resync()
        await live.publish(video := a_video(one))
        assert await asyncio.wait_for(anext(first), 5) == video


async def test_a_redis_that_dies_ends_no_feed_and_costs_a_publisher_a_second_at_most(
    live: RedisLiveStatus, valkey: ValkeyPart
):
    owner = new_owner()
    async with live.watch(owner) as feed:
        await anext(feed)
        valkey.kill()
        try:
            begun = time.monotonic()
            await live.publish(a_video(owner))
            await live.publish_gone(owner, FULL.id)
            assert time.monotonic() - begun < 2.5
            async with live.watch(new_owner()) as other:  # Who comes now is told to read, and told again later.
                assert await asyncio.wait_for(anext(other), 3) == Resync()
        finally:
            valkey.start()
        assert await asyncio.wait_for(anext(feed), 10) == Resync()
        await live.publish(video := a_video(owner))
        assert await asyncio.wait_for(anext(feed), 5) == video


async def test_watchers_of_one_owner_are_told_to_read_again_at_the_same_time_and_owners_at_different_ones(
    redis: StreamRedis,
):
    loop, times = asyncio.get_running_loop(), dict[str, list[float]]()

    async def ticks(name: str, live: RedisLiveStatus, owner) -> None:
        async with live.watch(owner) as feed:
            times[name] = []
            while len(times[name]) < 4:
                await anext(feed)
                times[name].append(loop.time())

    one, two = new_owner(), new_owner()
    async with Subscriber(redis.connection_pool) as subscriber:
        live = RedisLiveStatus(redis, subscriber, resync_seconds=0.3)
        watched = (("a", one), ("b", one), ("c", two))
        await asyncio.wait_for(asyncio.gather(*(ticks(name, live, owner) for name, owner in watched)), 10)
    a, b, c = (times[name][1:] for name in "abc")
    assert max(abs(x - y) for x, y in zip(a, b, strict=True)) < 0.05
    assert max(abs(x - y) for x, y in zip(a, c, strict=True)) > 0.001
    assert all(0.2 < later - earlier < 0.5 for earlier, later in pairwise(a))


async def test_a_malformed_message_makes_watchers_read_again(redis: StreamRedis, live: RedisLiveStatus):
    owner = new_owner()
    async with live.watch(owner) as feed:
        await anext(feed)
        await redis.publish(f"fiapx:status:{owner}", b"not ours")
        assert await asyncio.wait_for(anext(feed), 5) == Resync()


def test_time_keeps_its_zone_on_the_way() -> None:
    video = decoded(encoded(FULL))
    assert not isinstance(video, VideoGone)
    assert video.created_at.utcoffset() == timedelta()


async def test_small_pictures_travel_only_where_somebody_wants_them(redis: StreamRedis, live: RedisLiveStatus):
    video = a_video(new_owner(), attempt=2)
    sent = LiveTile(video.id, 2, bytes(range(256)))
    assert not await live.publish_tile(video.owner, sent)
    async with live.watch_tiles(video.owner) as tiles, live.watch_tiles(new_owner()) as others:
        await until(lambda: live.publish_tile(video.owner, sent))
        found: list[bytes] = []

        def came() -> bool:
            found.extend(filter(None, [tiles.newest(video)]))
            return bool(found)

        await until(came)
        assert found == [sent.jpeg]
        assert others.newest(video) is None
        for broken in (b"no JSON", b'{"video": "v"}', b"\xff"):
            await redis.publish(f"fiapx:tiles:{video.owner}", broken)
        newer = LiveTile(video.id, 2, b"newer")
        await live.publish_tile(video.owner, newer)
        found.clear()
        await until(came)
        assert found == [newer.jpeg]
    await until(lambda: no_channels(redis))


async def no_channels(redis: StreamRedis) -> bool:
    return not await redis.pubsub_channels("fiapx:tiles:*")


async def test_an_import_reaches_who_watches_it_and_nothing_secret_of_it_travels(
    redis: StreamRedis, live: RedisLiveStatus
):
    owner = new_owner()
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    found = VideoImport(
        new_video_id(), owner, "https://films.example/a.mp4?key=secret", ExtractionOptions(), now, now, now, "a.mp4"
    )
    found = replace(found, storage_upload_id="2~x", validator='"one"', total_bytes=2**40)
    async with Subscriber(redis.connection_pool) as subscriber:
        imports = RedisLiveImports(redis, subscriber)
        async with imports.watch(owner) as feed, live.watch(owner) as videos:
            assert [await anext(feed), await anext(videos)] == [Resync(), Resync()]
            await imports.publish(found)
            shown = replace(found, url="https://films.example/a.mp4", storage_upload_id=None, validator=None)
            assert await anext(feed) == shown
            await live.publish(a_video(owner))
            assert not isinstance(await anext(videos), VideoImport)
