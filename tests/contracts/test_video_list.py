"""What a user's list of videos gives, beside a plain list in memory: searched, sorted, and cut into pages."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from app.domain.search import folded
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoOrder, VideoProcessing
from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.migrate import migrate, run
from app.infra.sql.tables import video_processings
from app.usecases.paging import PageKey, Slice, paged
from app.usecases.ports.videos import VideoFilter
from app.usecases.video_orders import ORDERS
from tests.contracts.story import DAMAGED, MEDIA, Story, a_video, after

NAMES = [
    "praia.mp4",
    "Praia.MP4",
    "Präia 2.mp4",
    "São Paulo, praia.mov",
    "sao paulo.mkv",
    "100%_of it.mp4",
    "10.mp4",
    "2.mp4",
    "a",
    "a b.mp4",
    "a  b.mp4",
    "a!b.mp4",
    "ﬁlm Straße.mp4",
    "映画 ガラス.mp4",
    "🎞.mp4",
    "\\'; DROP TABLE users --.mp4",
]
WORDS = ["praia", "sao", "a", "2", ".mp4", "%", "_", "strasse", "ガ", "🎞", "\\'", "nothing"]
SIZES = [1, 2, 2, 3, 50 * 1024**3]
SECONDS = [None, 0.04, 9.0, 9.000000000000002, 12.345678901234, 1e9]
STATES: dict[ProcessingStatus, dict[str, Any]] = {
    ProcessingStatus.PENDING: {},
    ProcessingStatus.PROCESSING: {"attempt": 1},
    ProcessingStatus.FAILED: {"failure": DAMAGED, "completed_at": after(9)},
}


@dataclass(frozen=True)
class Shelf:
    """A record that holds this owner's videos, and somebody else's."""

    story: Story
    owner: UserId
    videos: list[VideoProcessing]


@pytest.fixture
async def shelf(story: Story) -> Shelf:
    owner, other = await story.user(), await story.user()
    made = []
    for number in range(32):
        seconds, states = SECONDS[number % len(SECONDS)], list(STATES)
        status = states[number % len(states)]
        video = a_video(
            owner,
            created=number // 5,
            original_file_name=NAMES[number % len(NAMES)],
            size_bytes=SIZES[number % len(SIZES)],
            media=None if number % 7 == 0 else replace(MEDIA, duration_seconds=seconds),
            status=status,
            **STATES[status],
        )
        await story.kept(video)
        made.append(video)
    await story.kept(a_video(other, original_file_name="praia.mp4"))
    return Shelf(story, owner, made)


def placed(order: VideoOrder, video: VideoProcessing) -> tuple[Any, str]:
    """Return what plain Python sorts by."""
    seconds = None if video.media is None else video.media.duration_seconds
    values: dict[VideoOrder, Any] = {
        VideoOrder.NAME: folded(video.original_file_name),
        VideoOrder.LARGEST: video.size_bytes,
        VideoOrder.LONGEST: -1 if seconds is None else seconds,
    }
    return values.get(order, video.created_at), video.id


def plain(videos: list[VideoProcessing], order: VideoOrder, which: VideoFilter) -> list[str]:
    """Return the ids of those that are meant, in their order."""
    meant = [
        video
        for video in videos
        if video.status in which.statuses
        and all(word in folded(video.original_file_name) for word in which.words)
        and (which.created_from is None or video.created_at >= which.created_from)
        and (which.created_to is None or video.created_at < which.created_to)
    ]
    up = order in {VideoOrder.OLDEST, VideoOrder.NAME}
    return [video.id for video in sorted(meant, key=lambda video: placed(order, video), reverse=not up)]


TIMES = st.none() | st.integers(-1, 11).map(after)
FILTERS = st.builds(
    VideoFilter,
    st.just(frozenset(ProcessingStatus)) | st.frozensets(st.sampled_from(ProcessingStatus), min_size=1),
    st.lists(st.sampled_from(WORDS), max_size=2).map(tuple),
    TIMES,
    TIMES,
)
PAGES = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def walked(shelf: Shelf, order: VideoOrder, which: VideoFilter, size: int, *, from_back: bool) -> list[str]:
    """Return the ids of all pages, as a client comes by them: each begins where the cursor of the one before lies."""
    by, seen, place = ORDERS[order], list[str](), None
    while True:
        part = Slice(size, before=place, from_back=True) if from_back else Slice(size, after=place)
        page = await shelf.story.transactions.read(
            lambda t, part=part: paged(  # type: ignore[misc]
                part, lambda one: t.videos.listed(shelf.owner, which, order, one), by
            )
        )
        ids = [video.id for video in page.entries]
        seen = ids + seen if from_back else seen + ids
        if not (page.has_previous if from_back else page.has_next):
            return seen
        place = by.key_in(by.cursor(page.entries[0 if from_back else -1]))


@pytest.mark.slow
@pytest.mark.parametrize("order", VideoOrder)
@PAGES
@given(which=st.just(VideoFilter()) | FILTERS, size=st.integers(1, 12), from_back=st.booleans())
async def test_a_list_is_searched_sorted_and_paged_as_a_plain_list_is(
    shelf: Shelf, order: VideoOrder, which: VideoFilter, size: int, from_back: bool
):
    found = await walked(shelf, order, which, size, from_back=from_back)
    assert found == plain(shelf.videos, order, which)


@pytest.mark.slow
@PAGES
@given(which=FILTERS)
async def test_videos_are_counted_by_their_states_as_those_of_a_plain_list(shelf: Shelf, which: VideoFilter):
    counts = await shelf.story.transactions.read(lambda t: t.videos.counts(shelf.owner, which))
    for status in ProcessingStatus:
        expected = plain(
            shelf.videos, VideoOrder.NEWEST, replace(which, statuses=frozenset({status}.intersection(which.statuses)))
        )
        assert counts.get(status, 0) == len(expected)


@pytest.mark.parametrize("order", VideoOrder)
async def test_what_comes_in_between_moves_no_later_page(shelf: Shelf, order: VideoOrder):
    by, every = ORDERS[order], VideoFilter()
    before = plain(shelf.videos, order, every)
    middle = next(video for video in shelf.videos if video.id == before[15])
    for created in (-1, 100):  # In front of all, and behind.
        await shelf.story.kept(a_video(shelf.owner, created=created, original_file_name="a", size_bytes=10**15))
    part = Slice(100, after=by.key(middle))
    found = await shelf.story.transactions.read(lambda t: t.videos.listed(shelf.owner, every, order, part))
    known = set(before)
    assert [video.id for video in found if video.id in known] == before[16:]


@pytest.mark.parametrize(
    ("order", "value"),
    [
        (VideoOrder.NAME, ""),
        (VideoOrder.NAME, "\U0010ffff" * 255),
        (VideoOrder.LARGEST, 2**63 - 1),
        (VideoOrder.LONGEST, -1e300),
        (VideoOrder.LONGEST, 1e300),
        (VideoOrder.OLDEST, datetime.max.replace(tzinfo=after(0).tzinfo)),
    ],
)
async def test_a_place_at_which_nothing_can_lie_gives_a_page(shelf: Shelf, order: VideoOrder, value: Any):
    for part in (Slice(100, after=PageKey(value, "f")), Slice(100, before=PageKey(value, "f"))):
        found = await shelf.story.transactions.read(
            lambda t, part=part: t.videos.listed(shelf.owner, VideoFilter(), order, part)  # type: ignore[misc]
        )
        assert len(found) in {0, len(shelf.videos)}


async def test_what_a_former_version_wrote_is_found_by_its_small_letters_and_folded_once_it_is_claimed(story: Story):
    owner = await story.user()
    video = await story.video(owner, original_file_name="PRÄIA.mp4")
    async with story.engine.begin() as connection:
        await connection.execute(update(video_processings).values(folded_name=None))

    async def found(word: str) -> int:
        which = VideoFilter(words=(word,))
        return len(await story.transactions.read(lambda t: t.videos.listed(owner, which, VideoOrder.NAME, Slice(9))))

    assert (await found(".mp4"), await found("praia")) == (1, 0)
    await story.claimed(video)
    assert await found("praia") == 1


async def test_the_names_that_are_there_are_folded_when_a_database_is_migrated(blank_url: str):
    await migrate(blank_url)
    engine = engine_for(blank_url)
    story = Story(engine)
    owner = await story.user()
    videos = [await story.video(owner, original_file_name=name) for name in NAMES]
    await run(blank_url, lambda config: command.downgrade(config, "0019"))
    await migrate(blank_url)
    assert [await story.column(video, "folded_name") for video in videos] == [folded(name) for name in NAMES]
    await close_engine(engine)
