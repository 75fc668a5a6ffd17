"""Pages of a list, read in both directions, beside the same list in memory."""

from collections.abc import Iterator, Sequence
from itertools import product

import pytest

from app.domain.video import ProcessingStatus, VideoProcessing
from app.usecases.paging import Page, PageKey, Slice, paged
from app.usecases.ports.jobs import JobFilter
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import Story

ALL = frozenset(ProcessingStatus)
CREATED = (1, 1, 1, 2, 2, 3, 4)
"""Several of one millisecond, so that their ids decide."""
GONE = (0, 3, 6)
"""The places of those that are deleted before the pages are read, at both ends too; their cursors are still sent."""


async def kept(story: Story) -> list[VideoProcessing]:
    """Send some videos, and return them the newest first."""
    owner = await story.user()
    made = [await story.row(await story.video(owner, created=seconds)) for seconds in CREATED]
    await story.video(await story.user(), created=1)
    return sorted(made, key=lambda video: (video.created_at, video.id), reverse=True)


def everything_asked(count: int) -> Iterator[tuple[int | None, int | None, int, bool]]:
    """Yield each pair of cursors, of which the first lies in front of the second, with sizes and directions."""
    places = [None, *range(count)]
    for after, before, size, from_back in product(places, places, (1, 2, count), (False, True)):
        if after is None or before is None or after < before:
            yield after, before, size, from_back


def expected(
    row: Sequence[VideoProcessing], after: int | None, before: int | None, size: int, *, from_back: bool
) -> tuple[list[str], bool, bool]:
    """Return the page of a plain list: its entries, and whether there are any before and after them."""
    begin, end = 0 if after is None else after + 1, len(row) if before is None else before
    inside = [place for place in range(begin, end) if place not in GONE]
    chosen = inside[-size:] if from_back else inside[:size]
    # Of a page without entries, what lies on either side of its cursors.
    front, back = (chosen[0], chosen[-1]) if chosen else (begin, max(end, begin) - 1)
    there = [place for place in range(len(row)) if place not in GONE]
    return [row[place].id for place in chosen], any(p < front for p in there), any(p > back for p in there)


def shown(page: Page[VideoProcessing]) -> tuple[list[str], bool, bool]:
    return [video.id for video in page.entries], page.has_previous, page.has_next


def key_at(row: Sequence[VideoProcessing], place: int | None) -> PageKey | None:
    return None if place is None else PageKey.of(row[place])


async def test_every_page_in_either_direction_is_that_of_a_plain_list(story: Story):
    row = await kept(story)
    for place in GONE:
        await story.transactions.write(lambda t, place=place: t.videos.remove(row[place].id))  # type: ignore[misc]

    async def look(t: Transaction) -> None:
        for after, before, size, from_back in everything_asked(len(row)):
            asked = Slice(size, key_at(row, after), key_at(row, before), from_back=from_back)
            page = await paged(asked, lambda part: t.videos.page(row[0].owner, ALL, part))
            assert shown(page) == expected(row, after, before, size, from_back=from_back), asked

    await story.transactions.read(look)


@pytest.mark.parametrize("from_back", [False, True])
async def test_a_list_that_begins_with_the_oldest_has_pages_in_either_direction_too(story: Story, from_back: bool):
    newest_first = await kept(story)
    row, which = newest_first[::-1], JobFilter(owner=newest_first[0].owner)
    between = Slice(2, PageKey.of(row[0]), PageKey.of(row[4]), from_back=from_back)
    found = await story.transactions.read(lambda t: t.jobs.page(which, between, oldest_first=True))
    assert [job.video.id for job in found] == [video.id for video in (row[2:4] if from_back else row[1:3])]
