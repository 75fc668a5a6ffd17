import base64
from dataclasses import replace
from datetime import datetime
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import DomainError, InvalidInput
from app.domain.video import ProcessingStatus, VideoOrder
from app.usecases.list_user_videos import ListUserVideos
from app.usecases.paging import Wanted, cursor_of, page_key
from app.usecases.ports.videos import VideoFilter
from app.usecases.video_orders import ORDERS
from tests.usecases.world import World


async def test_pages_follow_each_other_newest_first_and_nothing_is_missed_or_shown_twice(world: World):
    world.max_active = 100
    ana = await world.user()
    sent = []
    for n in range(25):
        sent.append((await world.uploaded(ana)).id)
        if n % 3 == 0:  # Several share one instant.
            world.clock.advance(0.001)
    await world.uploaded(await world.user())
    listing, seen, after = ListUserVideos(world.transactions), [], None
    while True:
        page = await listing(ana, Wanted(7, after))
        seen += list(page.entries)
        if not page.has_next:
            break
        after = cursor_of(page.entries[-1])
        await world.uploaded(ana)  # New ones in front move nothing.
    assert len(seen) == 25
    assert {video.id for video in seen} == set(sent)
    assert [video.created_at for video in seen] == sorted((video.created_at for video in seen), reverse=True)


async def test_a_list_can_be_narrowed_to_some_states(world: World):
    ana = await world.user()
    done, _ = await world.uploaded(ana), await world.uploaded(ana)
    await world.completed(done.id)
    page = await ListUserVideos(world.transactions)(ana, which=VideoFilter({ProcessingStatus.COMPLETED}))
    assert [video.id for video in page.entries] == [done.id]


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_1_to_100_videos(world: World, first: int):
    with pytest.raises(InvalidInput):
        await ListUserVideos(world.transactions)(await world.user(), Wanted(first))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


NUMBERS = st.sampled_from(["nan", "inf", "-1", "1e999", "9" * 400, "-0.0", "0x1", "1_0", "", "\u0663", "a:b"])
CURSORS = st.builds("{}{}:{}".format, st.sampled_from(["", "name=", "size=", "seconds="]), NUMBERS, st.uuids())


@pytest.mark.parametrize("order", VideoOrder)
@given(text=st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()) | CURSORS.map(encoded))
def test_a_malformed_cursor_is_invalid_input_and_never_breaks_anything(order: VideoOrder, text: str):
    try:
        key = ORDERS[order].key_in(text)
    except DomainError as error:
        assert isinstance(error, InvalidInput)
    else:
        assert isinstance(key.value, (datetime, str)) or isfinite(key.value)


@pytest.mark.parametrize("order", [VideoOrder.NAME, VideoOrder.LARGEST, VideoOrder.LONGEST])
async def test_a_cursor_of_one_order_is_none_of_another(world: World, order: VideoOrder):
    video = await world.uploaded(await world.user())
    cursor = ORDERS[order].cursor(video)
    assert ORDERS[order].key_in(cursor) == ORDERS[order].key(video)
    for other in set(VideoOrder) - {order}:
        with pytest.raises(InvalidInput):
            ORDERS[other].key_in(cursor)


async def test_the_longest_name_still_has_a_cursor(world: World):
    by = ORDERS[VideoOrder.NAME]
    video = replace(await world.uploaded(await world.user()), original_file_name="\U0001f39e" * 255)
    assert by.key_in(by.cursor(video)).value == "\U0001f39e" * 255


async def test_a_cursor_names_its_place(world: World):
    video = await world.uploaded(await world.user())
    assert page_key(cursor_of(video)).id == video.id
    assert page_key(cursor_of(video)).value == video.created_at


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(last=0), "last"),
        (Wanted(last=101), "last"),
        (Wanted(first=1, last=1), "last"),
        (Wanted(before="x"), "before"),
        (Wanted(after="x", last=1), "after"),
    ],
)
async def test_what_no_page_can_be_is_said_at_its_field(world: World, wanted: Wanted, field: str):
    with pytest.raises(InvalidInput) as refused:
        await ListUserVideos(world.transactions)(await world.user(), wanted)
    assert refused.value.field == (field,)
