import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.domain.options import Aspect, Crop, ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.user import UserId
from app.domain.video import (
    UNFINISHED,
    ProcessingStatus,
    VideoId,
    archive_key,
    contact_sheet_key,
    frame_index_key,
    new_video_id,
    source_key,
)
from app.infra.sql.rows import options_of, options_text
from app.usecases.paging import PageKey, Slice
from app.usecases.ports.videos import Backlog
from app.usecases.quota import stored_bytes
from app.usecases.start_video_processing_job import HeldUntil
from tests.contracts.story import DAMAGED, LEASE_SECONDS, MEDIA, WHOLE, Story, a_reservation, a_video, after, an_archive
from tests.usecases.world import World

ALL = frozenset(ProcessingStatus)


async def page(
    story: Story, owner: UserId, after_key: PageKey | None, limit: int, statuses: Any = ALL
) -> list[VideoId]:
    found = await story.transactions.read(lambda t: t.videos.page(owner, statuses, Slice(limit, after=after_key)))
    return [video.id for video in found]


async def test_pages_meet_without_a_gap_where_many_came_at_the_same_millisecond(story: Story):
    owner = await story.user()
    other = await story.user()
    await story.video(other)
    made = [(after(created), await story.video(owner, created=created)) for created in (1, 1, 1, 1, 2, 2, 0)]
    newest_first = sorted(made, reverse=True)
    seen: list[tuple[datetime, VideoId]] = []
    key = None
    while found := await story.transactions.read(lambda t: t.videos.page(owner, ALL, Slice(2, after=key))):  # noqa: B023 - run at once
        seen += [(video.created_at, video.id) for video in found]
        key = PageKey(found[-1].created_at, found[-1].id)
    assert seen == newest_first


async def test_a_new_video_moves_no_later_page(story: Story):
    owner = await story.user()
    old = [await story.video(owner, created=created) for created in (1, 2, 3)]
    key = PageKey(after(3), old[2])
    await story.video(owner, created=4)
    assert await page(story, owner, key, 10) == [old[1], old[0]]


async def test_a_page_holds_only_the_states_asked_for(story: Story):
    owner = await story.user()
    failed, pending = await story.video(owner, created=1), await story.video(owner, created=2)
    assert await story.fail(failed, 0, ProcessingStatus.PENDING)
    assert await page(story, owner, None, 10, {ProcessingStatus.FAILED}) == [failed]
    assert await page(story, owner, None, 10, set()) == []
    assert await page(story, owner, None, 10) == [pending, failed]


@pytest.mark.parametrize(("year", "expected"), [(1970, 0), (9999, 1), (2037, 1)])
async def test_a_cursor_of_any_year_gives_a_page(story: Story, year: int, expected: int):
    owner = await story.user()
    await story.video(owner)
    key = PageKey(datetime(year, 1, 1, tzinfo=UTC), new_video_id())
    assert len(await page(story, owner, key, 10)) == expected


async def test_unfinished_videos_come_before_those_that_ended_lately(story: Story):
    owner = await story.user()
    ended_long_ago, ended, pending, running = [await story.video(owner, created=created) for created in (4, 3, 1, 2)]
    await story.claimed(running)
    assert await story.fail(ended_long_ago, 0, ProcessingStatus.PENDING, at=10)
    assert await story.complete(ended, await story.claimed(ended), at=20)

    async def current(since: float, limit: int = 10) -> list[VideoId]:
        found = await story.transactions.read(lambda t: t.videos.current(owner, after(since), limit))
        return [video.id for video in found]

    assert await current(since=20) == [running, pending, ended]
    assert await current(since=10) == [running, pending, ended_long_ago, ended]
    assert await current(since=10, limit=3) == [running, pending, ended_long_ago]


async def test_videos_are_counted_by_owner_and_state(story: Story):
    owner, other = await story.user(), await story.user()
    videos = [await story.video(owner) for _ in range(4)]
    await story.video(other)
    await story.claimed(videos[0])
    assert await story.fail(videos[1], 0, ProcessingStatus.PENDING)
    count = story.transactions.read
    assert await count(lambda t: t.videos.count(owner, UNFINISHED)) == 3
    assert await count(lambda t: t.videos.count(owner, ALL)) == 4
    assert await count(lambda t: t.videos.count(owner, {ProcessingStatus.FAILED})) == 1
    assert await count(lambda t: t.videos.count(owner, set())) == 0


async def test_of_some_videos_only_the_owners_are_given(story: Story):
    owner, other = await story.user(), await story.user()
    mine, theirs = await story.video(owner), await story.video(other)
    found = await story.transactions.read(lambda t: t.videos.some(owner, [mine, theirs, new_video_id()]))
    assert [video.id for video in found] == [mine]
    assert list(await story.transactions.read(lambda t: t.videos.some(owner, []))) == []


async def test_an_idempotency_key_is_used_once_by_each_user(story: Story):
    owner, other = await story.user(), await story.user()
    first = await story.video(owner, key="the key")
    await story.video(other, key="the key")
    await story.video(owner, key="The Key")  # Another key: case counts.
    for _ in range(2):
        await story.video(owner, key=None)
    with pytest.raises(IntegrityError):
        await story.video(owner, key="the key")
    found = await story.transactions.read(lambda t: t.videos.by_idempotency_key(owner, "the key"))
    assert found is not None
    assert (found.video.id, found.request_digest) == (first, "a digest")
    assert await story.transactions.read(lambda t: t.videos.by_idempotency_key(owner, "THE KEY")) is None


async def test_a_source_is_named_as_long_as_one_row_names_it(story: Story):
    owner = await story.user()
    first = await story.video(owner)
    key = source_key(first)
    again = await story.video(owner, source_key=key)

    async def named() -> bool:
        return await story.transactions.read(lambda t: t.videos.names_source(key))

    assert not await story.transactions.read(lambda t: t.videos.names_source(key.upper()))
    await story.transactions.write(lambda t: t.videos.remove(first))
    assert await named()
    await story.transactions.write(lambda t: t.videos.remove(again))
    assert not await named()


async def test_only_keys_that_a_row_names_or_may_yet_name_are_known(story: Story):
    owner = await story.user()
    running, done, gone = await story.video(owner), await story.video(owner), new_video_id()
    await story.claimed(running)
    zombie = await story.claimed(done, at=1)
    winner = await story.claimed(done, at=100)
    assert await story.complete(done, winner)
    known = {
        source_key(running),
        source_key(done),
        archive_key(running, 1),
        archive_key(running, 7),
        contact_sheet_key(running, 1),
        archive_key(done, winner),
        contact_sheet_key(done, winner),
        frame_index_key(archive_key(done, winner)),
    }
    orphans = {
        source_key(gone),
        archive_key(gone, 1),
        archive_key(done, zombie),
        contact_sheet_key(done, zombie),
        frame_index_key(archive_key(done, zombie)),
        f"results/{running}",
        f"results/{str(running).upper()}/1.zip",
        source_key(done) + " ",
        "results/não é uma chave, mas tem 36 letras/1.zip",
        "elsewhere",
    }
    assert await story.transactions.read(lambda t: t.videos.known_keys(known | orphans)) == known
    assert await story.transactions.read(lambda t: t.videos.known_keys([])) == set()
    lost = archive_key(done, zombie)
    never = {lost, contact_sheet_key(done, zombie), frame_index_key(lost)}
    assert await story.transactions.read(lambda t: t.videos.never_named(known | orphans)) == never


async def test_a_video_whose_files_are_no_longer_kept_names_none_of_them(story: Story):
    owner = await story.user()
    first = await story.video(owner)
    key = source_key(first)
    second, running = await story.video(owner, source_key=key), await story.video(owner)
    for video in (first, second):
        assert await story.complete(video, await story.claimed(video, at=1), at=10)
    results = {archive_key(first, 1), contact_sheet_key(first, 1), frame_index_key(archive_key(first, 1))}

    async def expire(video: VideoId) -> bool:
        return await story.transactions.write(lambda t: t.videos.expire(video, after(100)))

    async def known() -> set[str]:
        return await story.transactions.read(lambda t: t.videos.known_keys({key} | results))

    async def named() -> bool:
        return await story.transactions.read(lambda t: t.videos.names_source(key))

    assert await known() == {key} | results
    assert not await expire(running)
    assert await expire(first)
    assert not await expire(first)
    assert (await story.row(first)).expired_at == after(100)
    assert await known() == {key}
    assert await named()
    assert await expire(second)
    assert await known() == set()
    assert not await named()
    gib = 1024**3
    assert await story.transactions.read(lambda t: stored_bytes(t, owner, after(0))) == 50 * gib


async def test_what_is_completed_is_walked_through_by_id_while_its_files_are_kept(story: Story):
    owner = await story.user()
    done = sorted([await story.video(owner) for _ in range(4)])
    for video in done:
        assert await story.complete(video, await story.claimed(video, at=1), at=2)
    await story.claimed(await story.video(owner), at=1)
    await story.video(owner)
    await story.transactions.write(lambda t: t.videos.expire(done[2], after(3)))

    async def behind(place: VideoId | None, limit: int) -> list[VideoId]:
        return [one.id for one in await story.transactions.read(lambda t: t.videos.completed(place, limit))]

    assert await behind(None, 10) == [done[0], done[1], done[3]]
    assert await behind(None, 2) == [done[0], done[1]]
    assert await behind(done[1], 2) == [done[3]]
    assert await behind(done[3], 2) == []
    kept = [lease.video for lease in await story.transactions.read(lambda t: t.videos.kept(done[0], 10))]
    assert [video.id for video in kept] == sorted(video.id for video in kept)
    assert {video.id for video in kept} >= {done[1], done[3]}, "however they stand"
    assert done[0] not in {video.id for video in kept}
    everything = await story.transactions.read(lambda t: t.videos.kept(None, 10))
    assert len(everything) == 5, "all but the one whose files are no longer kept"
    assert everything == [await story.lease(lease.video.id) for lease in everything]


async def test_what_ended_long_enough_ago_is_found_in_that_order_while_its_files_are_kept(story: Story):
    owner, other = await story.user(), await story.user()
    late, early, failed, running = [await story.video(who) for who in (owner, other, owner, owner)]
    for video, at in ((late, 20), (early, 10)):
        assert await story.complete(video, await story.claimed(video, at=1), at=at)
    assert await story.fail(failed, 0, ProcessingStatus.PENDING, at=15)
    await story.claimed(running, at=1)

    async def found(before: float, limit: int = 10) -> list[VideoId]:
        rows = await story.transactions.read(lambda t: t.videos.to_expire(after(before), limit))
        assert [owner for owner, _ in rows] == [(await story.row(video)).owner for _, video in rows]
        return [video for _, video in rows]

    assert await found(19.999) == [early, failed]
    assert await found(20) == [early, failed, late]
    assert await found(1000, limit=1) == [early]
    assert await found(-3e9) == []
    await story.transactions.write(lambda t: t.videos.expire(early, after(21)))
    assert await found(1000) == [failed, late]


async def test_a_video_in_any_state_reads_back_as_it_was_written(story: Story):
    owner = await story.user()
    first = a_video(
        owner,
        status=ProcessingStatus.COMPLETED,
        attempt=2,
        version=7000,
        progress=WHOLE,
        started_at=after(1),
        completed_at=after(2.345),
        media=MEDIA,
        archive=an_archive(new_video_id(), 2),
    )
    second = a_video(owner, status=ProcessingStatus.FAILED, failure=DAMAGED, expired_at=after(86_400.5))
    for video in (first, second):
        await story.kept(video)
        assert await story.row(video.id) == video


CHOSEN = ExtractionOptions(
    FrameSelection(SelectionKind.SCENE_CHANGE, 0.4),
    max_width=64,
    max_height=48,
    distinct=0.02,
    sharpest=True,
    skip_black=True,
    min_scene_seconds=2.5,
    aspect=Aspect.EXACT,
    crop=Crop(0.25, 0, 0.5, 1),
)
OPTIONS = [
    ExtractionOptions(),
    ExtractionOptions(FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(0.0, 1.5, 86_400.125))),
    ExtractionOptions(
        FrameSelection(SelectionKind.COUNT, 12),
        format=ImageFormat.PNG,
        quality=1,
        max_width=640,
        max_height=480,
        start_seconds=1.25,
        end_seconds=2.5,
    ),
    ExtractionOptions(
        FrameSelection(SelectionKind.TIMESTAMPS, timestamps=tuple(1 / 3 + index for index in range(500)))
    ),
]


@pytest.mark.parametrize("options", [*OPTIONS, CHOSEN])
async def test_options_read_back_as_they_were_written(story: Story, options: ExtractionOptions):
    video = await story.video(await story.user(), options=options)
    assert (await story.row(video)).options == options


def test_options_of_a_newer_and_of_an_older_version_can_be_read():
    written = TypeAdapter(ExtractionOptions).dump_json(OPTIONS[2]).decode()
    newer = written.replace("{", '{"rotate":90,', 1).replace('"select":{', '"select":{"seed":1,')
    assert options_of(newer) == OPTIONS[2]
    assert options_of("{}") == ExtractionOptions()


async def test_options_of_a_newer_version_are_left_to_its_workers(story: Story):
    """Whoever does not know an option must not carry the others out as if it were not there."""
    video = await story.video(await story.user(), options=CHOSEN)
    assert (await story.lease(video)).understood
    newer = (await story.column(video, "options")).replace("{", '{"rotate":90,', 1)
    async with story.engine.begin() as connection:
        await connection.execute(text("UPDATE video_processings SET options = :newer"), {"newer": newer})
    assert not (await story.lease(video)).understood
    assert (await story.row(video)).options == CHOSEN
    world = World.on(story.transactions)
    assert await world.start(video) == HeldUntil(world.clock.now() + timedelta(seconds=10))
    assert (await story.row(video)).attempt == 0


def test_what_came_later_is_written_only_where_it_is_used():
    """So a former version finds nothing that it does not know in what it could have written itself."""
    assert set(json.loads(options_text(ExtractionOptions()))) == {
        *("select", "format", "quality", "max_width", "max_height", "start_seconds", "end_seconds")
    }
    assert set(json.loads(options_text(CHOSEN))) >= {"distinct", "sharpest", "skip_black", "aspect", "crop"}


@pytest.mark.parametrize("wrong", ["Canceled", "pending", ""])
async def test_the_database_itself_refuses_a_state_that_the_brief_does_not_draw(story: Story, wrong: str):
    video = await story.video(await story.user())
    with pytest.raises(DBAPIError):
        async with story.engine.begin() as connection:
            await connection.execute(text("UPDATE video_processings SET status = :wrong"), {"wrong": wrong})
    assert (await story.row(video)).status is ProcessingStatus.PENDING


async def test_a_name_that_is_too_long_is_refused_and_never_cut(server_engine: Any):
    story = Story(server_engine)
    owner = await story.user()
    with pytest.raises(DBAPIError):
        await story.video(owner, original_file_name="x" * 256)
    video = await story.video(owner, original_file_name="🎞" * 255)
    assert (await story.row(video)).original_file_name == "🎞" * 255


async def test_times_are_kept_to_the_millisecond_and_never_rounded_up(story: Story):
    video = await story.video(await story.user(), created_at=datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    created = (await story.row(video)).created_at
    assert created == datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert created.utcoffset() == timedelta(0)


async def test_a_time_without_a_zone_is_refused(story: Story):
    owner = await story.user()
    with pytest.raises(Exception, match="no time zone"):
        await story.video(owner, created_at=datetime(2026, 11, 23))  # noqa: DTZ001 - that is the point


async def test_the_backlog_counts_what_is_unfinished_and_finds_the_oldest(story: Story):
    async def backlog(at: float) -> Backlog:
        return await story.transactions.read(lambda t: t.videos.backlog(after(at)))

    assert await backlog(0) == Backlog(0, 0, 0, None)
    owner, other = await story.user(), await story.user()
    await story.video(owner, created=5)
    await story.video(other, created=3)
    held, done = await story.video(owner, created=1), await story.video(owner, created=0)
    for video in (held, done):
        await story.claimed(video, at=10)
    await story.complete(done, 1)
    size = 2 * 50 * 1024**3
    assert await backlog(11) == Backlog(2, 1, 0, after(3), size)
    assert await backlog(10 + LEASE_SECONDS + 1) == Backlog(2, 1, 1, after(3), size)


async def test_bytes_are_added_up_of_each_source_once_of_each_zip_and_of_uploads_that_still_last(story: Story):
    owner, other = await story.user(), await story.user()
    first = await story.video(owner)
    await story.video(owner, source_key=source_key(first))
    assert await story.complete(first, await story.claimed(first))
    await story.reservation(a_reservation(owner))
    await story.reservation(a_reservation(owner, expires=-1))
    await story.video(other)

    async def added_up(of: UserId | None) -> int:
        return await story.transactions.read(lambda t: stored_bytes(t, of, after(0)))

    gib = 1024**3
    assert await added_up(owner) == (50 + 100 + 3) * gib
    assert await added_up(other) == 50 * gib
    assert await added_up(None) == (50 + 100 + 3 + 50) * gib
    assert await added_up(await story.user()) == 0
