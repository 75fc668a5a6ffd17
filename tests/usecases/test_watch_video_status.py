"""What a viewer sees live, whatever gets lost on the way."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar, cast
from uuid import uuid4

import pytest

from app.domain.errors import VideoNotBelongsToUser, VideoNotFound
from app.domain.session import SessionId, Viewer
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, Progress, VideoId, VideoProcessing, new_video_id
from app.infra.redis.live import RedisLiveStatus
from app.infra.redis.stream import connect
from app.infra.redis.subscriber import Subscriber
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus, VideoGone
from app.usecases.ports.transactions import Transaction
from app.usecases.watch_video_status import WatchVideoStatus
from tests.fakes.clock import SettableClock
from tests.fakes.live_status import InMemoryLiveStatus
from tests.parts.videos import a_video, new_owner
from tests.parts.waiting import until

T = TypeVar("T")
PENDING, PROCESSING, COMPLETED, FAILED = ProcessingStatus
Message = VideoProcessing | VideoGone


@dataclass
class Rows:
    """The reads that watching needs, of rows in a dict; ``away`` makes them fail as the database would."""

    rows: dict[VideoId, VideoProcessing] = field(default_factory=dict)
    away: bool = False
    reads: int = 0

    @property
    def videos(self) -> "Rows":
        return self

    async def read(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        self.reads += 1
        await asyncio.sleep(0)
        if self.away:
            raise DatabaseUnavailable
        return await step(cast("Transaction", self))  # Only these three reads of the port are asked for.

    async def write(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        return await self.read(step)

    async def get(self, video: VideoId) -> VideoProcessing | None:
        return self.rows.get(video)

    async def current(self, owner: UserId, ended_since: datetime, limit: int) -> Sequence[VideoProcessing]:
        mine = [row for row in self.rows.values() if row.owner == owner]
        wanted = [row for row in mine if row.completed_at is None or row.completed_at >= ended_since]
        return sorted(wanted, key=lambda row: (row.status.final, -row.created_at.timestamp()))[:limit]

    async def some(self, owner: UserId, videos: Collection[VideoId]) -> Sequence[VideoProcessing]:
        return [row for video in videos if (row := self.rows.get(video)) and row.owner == owner]


class Story:
    """One viewer, their rows, and what changes them."""

    def __init__(self) -> None:
        self.clock, self.rows, self.live = SettableClock(), Rows(), InMemoryLiveStatus()
        self.owner = new_owner()
        self.viewer = Viewer(self.owner, SessionId(str(uuid4())), self.clock.now() + timedelta(hours=1))
        self.watch = WatchVideoStatus(self.rows, self.live, self.clock)

    def keep(self, video: VideoProcessing) -> VideoProcessing:
        self.rows.rows[video.id] = video
        return video

    async def change(self, video: VideoProcessing, *, heard: bool = True, **fields: object) -> VideoProcessing:
        step = 1000 - video.version % 1000
        changed = self.keep(replace(video, version=video.version + step, **fields))  # type: ignore[arg-type] # a test's words
        if heard:
            await self.live.publish(changed)
        return changed

    async def end(self, video: VideoProcessing, *, heard: bool = True) -> VideoProcessing:
        return await self.change(video, heard=heard, status=COMPLETED, completed_at=self.clock.now())

    @asynccontextmanager
    async def watching(self, video: VideoId | None) -> AsyncIterator["Screen"]:
        async with aclosing(self.watch(self.viewer, video)) as news:
            yield Screen(news)


class Screen:
    def __init__(self, news: AsyncGenerator[Message, None]) -> None:
        self._news = news

    async def next(self) -> Message:
        return await asyncio.wait_for(anext(self._news), 5)

    async def all(self) -> list[Message]:
        async with asyncio.timeout(5):
            return [event async for event in self._news]


async def told_to_read(story: Story, reads: int) -> None:
    story.live.resync()
    await until(lambda: story.rows.reads >= reads)


# ---------------------------------------------------------------- one video


async def test_one_video_is_shown_as_it_is_then_as_it_changes_and_ends_with_its_final_state():
    story = Story()
    video = story.keep(a_video(story.owner))
    async with story.watching(video.id) as screen:
        assert await screen.next() == video
        running = await story.change(video, status=PROCESSING, attempt=1)
        ended = await story.end(running)
        assert await screen.all() in ([running, ended], [ended])
    assert story.live.watchers(story.owner) == 0


async def test_a_video_that_has_ended_is_one_snapshot_and_the_end():
    story = Story()
    video = story.keep(a_video(story.owner, status=FAILED))
    async with story.watching(video.id) as screen:
        assert await screen.all() == [video]


async def test_an_unknown_video_and_anothers_are_refused():
    story = Story()
    other = story.keep(a_video(new_owner()))
    for video, error in ((new_video_id(), VideoNotFound), (other.id, VideoNotBelongsToUser)):
        with pytest.raises(error):
            async with story.watching(video) as screen:
                await screen.next()
    assert story.live.watchers(story.owner) == 0


async def test_a_deleted_video_ends_the_watching_whether_its_message_arrives_or_not():
    for heard in (True, False):
        story = Story()
        video = story.keep(a_video(story.owner))
        async with story.watching(video.id) as screen:
            await screen.next()
            del story.rows.rows[video.id]
            if heard:
                await story.live.publish_gone(story.owner, video.id)
            else:
                story.live.resync()
            assert await screen.all() == [VideoGone(video.id)]


async def test_the_viewers_other_videos_are_not_shown_to_who_watches_one():
    story = Story()
    video, other = story.keep(a_video(story.owner)), story.keep(a_video(story.owner))
    async with story.watching(video.id) as screen:
        await screen.next()
        await story.change(other, status=PROCESSING)
        ended = await story.end(video)
        assert await screen.next() == ended


async def test_an_older_snapshot_is_never_shown_after_a_newer_one():
    story = Story()
    video = story.keep(a_video(story.owner, version=5000, status=PROCESSING, attempt=1))
    async with story.watching(video.id) as screen:
        await screen.next()
        waiting = asyncio.create_task(screen.next())
        await story.live.publish(replace(video, version=4000, status=PENDING, attempt=0))
        await told_to_read(story, 2)
        ended = await story.end(video)
        assert await waiting == ended


async def test_an_end_whose_message_was_lost_is_found_by_reading_again():
    story = Story()
    video = story.keep(a_video(story.owner))
    async with story.watching(video.id) as screen:
        await screen.next()
        ended = await story.end(video, heard=False)
        story.live.resync()
        assert await screen.all() == [ended]


# ---------------------------------------------------------------- all of them


async def test_watching_all_begins_with_unfinished_videos_and_those_of_the_last_hour():
    story = Story()
    now = story.clock.now()
    pending = story.keep(a_video(story.owner))
    recent = story.keep(a_video(story.owner, status=COMPLETED, completed_at=now - timedelta(minutes=59)))
    story.keep(a_video(story.owner, status=COMPLETED, completed_at=now - timedelta(minutes=61)))
    story.keep(a_video(new_owner()))
    async with story.watching(None) as screen:
        assert [await screen.next(), await screen.next()] == [pending, recent]
        fresh = a_video(story.owner)
        await story.change(fresh)
        assert (await screen.next()).id == fresh.id


async def test_watching_all_misses_no_end_and_no_deletion_beyond_the_first_hundred():
    story = Story()
    first = [story.keep(a_video(story.owner)) for _ in range(100)]
    async with story.watching(None) as screen:
        assert {(await screen.next()).id for _ in range(100)} == {video.id for video in first}
        for _ in range(150):
            story.keep(a_video(story.owner, created_at=story.clock.now() + timedelta(hours=1)))
        ended = await story.end(first[0], heard=False)
        del story.rows.rows[first[1].id]
        story.clock.advance(3600)
        story.live.resync()
        news = [await screen.next() for _ in range(102)]
    assert ended in news
    assert VideoGone(first[1].id) in news


async def test_a_video_that_came_and_ended_unheard_between_two_readings_is_shown():
    story = Story()
    async with story.watching(None) as screen:
        waiting = asyncio.create_task(screen.next())
        await until(lambda: story.rows.reads)
        story.clock.advance(15)
        ended = await story.end(a_video(story.owner), heard=False)
        story.live.resync()
        assert await waiting == ended


async def test_a_deleted_video_is_not_brought_back_by_what_arrives_late():
    story = Story()
    video, other = story.keep(a_video(story.owner)), story.keep(a_video(story.owner))
    async with story.watching(None) as screen:
        assert len({(await screen.next()).id for _ in range(2)}) == 2
        del story.rows.rows[video.id]
        await story.live.publish_gone(story.owner, video.id)
        assert await screen.next() == VideoGone(video.id)
        await story.live.publish(replace(video, version=9000))
        await story.live.publish_gone(story.owner, video.id)
        ended = await story.end(other)
        assert await screen.next() == ended


# ---------------------------------------------------------------- faults and floods


@pytest.mark.parametrize("one", [True, False])
async def test_a_database_out_of_reach_is_waited_for(one: bool):
    story = Story()
    video = story.keep(a_video(story.owner))
    story.rows.away = True
    async with story.watching(video.id if one else None) as screen:
        waiting = asyncio.create_task(screen.next())
        await until(lambda: story.rows.reads)
        story.rows.away = False
        story.live.resync()
        assert await waiting == video
        story.rows.away = True
        ended = asyncio.create_task(screen.next())
        await told_to_read(story, 3)
        story.rows.away = False
        final = await story.end(video, heard=False)
        story.live.resync()
        assert await ended == final


async def test_progress_comes_four_times_a_second_at_most_its_newest_always_and_a_change_of_state_at_once():
    story, loop = Story(), asyncio.get_running_loop()
    video = story.keep(a_video(story.owner, status=PROCESSING, attempt=1))
    seen: list[tuple[float, VideoProcessing]] = []

    async def look() -> None:
        async with story.watching(video.id) as screen:
            while True:
                news = await screen.next()
                assert isinstance(news, VideoProcessing)
                seen.append((loop.time(), news))
                if news.status.final:
                    return

    looking = asyncio.create_task(look())
    await until(lambda: seen)
    for percent in range(1, 81):
        await story.live.publish(replace(video, version=video.version + percent, progress=Progress(percent)))
        await asyncio.sleep(0.01)
    await until(lambda: seen[-1][1].progress.percent == 80)  # What was held back comes without another event.
    await story.live.publish(replace(video, version=video.version + 99, progress=Progress(99)))
    begun = loop.time()
    await story.end(replace(video, progress=Progress(100)))
    await asyncio.wait_for(looking, 5)
    assert seen[-1][0] - begun < 0.1
    times = [at for at, news in seen if not news.status.final]
    assert 4 <= len(times) <= 7
    assert all(later - earlier > 0.24 for earlier, later in pairwise(times))


# ---------------------------------------------------------------- races


@pytest.mark.slow
@pytest.mark.parametrize("cuts", [0.0, 0.3])
async def test_no_end_is_missed_when_messages_get_lost_and_connections_break(redis_url: str, cuts: float):
    """400 races between watching and ending; of the words every fifth is lost, and ``cuts`` of them cut the connection.

    All races of a batch share the connection, so without cuts it is the reading at intervals that finds what was lost.
    """
    chance, missed, slowest = random.Random(17), 0, 0.0  # The same races in every run, as far as timing allows.
    redis, rows, clock = connect(redis_url), Rows(), SettableClock()

    async def race(live: LiveStatus) -> float:
        owner, loop = new_owner(), asyncio.get_running_loop()
        video = a_video(owner)
        rows.rows[video.id] = video
        lost, cut, by_id = chance.random() < 0.2, chance.random() < cuts, chance.random() < 0.5
        start, pause = chance.random() * 0.01, chance.random() * 0.02

        async def finish() -> float:
            await asyncio.sleep(pause)
            ended = rows.rows[video.id] = replace(video, version=2000, status=COMPLETED, completed_at=clock.now())
            if cut:
                await redis.client_kill_filter(_type="pubsub")
            if not lost:
                await live.publish(ended)
            return loop.time()

        ending = asyncio.create_task(finish())
        await asyncio.sleep(start)
        watch = WatchVideoStatus(rows, live, clock)
        viewer = Viewer(owner, SessionId(str(uuid4())), clock.now() + timedelta(hours=1))
        async with aclosing(watch(viewer, video.id if by_id else None)) as news:
            async for event in news:
                if isinstance(event, VideoProcessing) and event.status.final:
                    break
        return loop.time() - await ending

    async with Subscriber(redis.connection_pool) as subscriber:
        live = RedisLiveStatus(redis, subscriber, resync_seconds=0.2)
        for _ in range(10):
            races = [asyncio.create_task(race(live)) for _ in range(40)]
            done, late = await asyncio.wait(races, timeout=3)
            missed += len(late)
            slowest = max(slowest, *(task.result() for task in done))
            for task in late:
                task.cancel()
    await redis.aclose()
    assert missed == 0
    assert slowest < 1.5
