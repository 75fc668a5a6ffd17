"""The record of imports."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.failure import ImportFailure, ImportFailureCode
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.user import UserId
from app.domain.video import new_video_id
from app.domain.video_import import ImportStatus, VideoImport
from app.usecases.ports.imports import DueImport
from tests.contracts.story import Story, after
from tests.usecases.importing import FILM, MIB, Importing
from tests.usecases.world import World

DIGEST = "0" * 64
FAILURE = ImportFailure(ImportFailureCode.LINK_REFUSED, "HTTP 404: não há 🎞.")


async def imported(story: Story, owner: UserId, key: str | None = None, **also: Any) -> VideoImport:
    new = VideoImport(
        id=new_video_id(),
        owner=owner,
        url="https://films.example/férias.mp4?key=a",
        options=ExtractionOptions(format=ImageFormat.PNG, max_width=640),
        created_at=after(0),
        ends_at=after(3600),
        wake_at=after(5),
    )
    new = replace(new, **also)
    await story.transactions.write(lambda t: t.imports.add(new, idempotency_key=key, request_digest=DIGEST))
    return new


async def seen(story: Story, one: VideoImport) -> VideoImport | None:
    return await story.transactions.read(lambda t: t.imports.get(one.id))


async def change(story: Story, one: VideoImport, due: float | None = None, **to: Any) -> bool:
    by = None if due is None else after(due)
    return await story.transactions.write(lambda t: t.imports.change(one, replace(one, **to), due_by=by))


async def test_an_import_reads_back_as_written(story: Story):
    ana = await story.user()
    one = await imported(story, ana)
    assert await seen(story, one) == one
    known: dict[str, Any] = {
        "file_name": "férias 🎞.mp4",
        "status": ImportStatus.FAILED,
        "attempt": 3,
        "faults": 2,
        "fetched_bytes": 2**40,
        "total_bytes": 2**41,
        "validator": '"an-etag"',
        "part_size_bytes": 2**23,
        "storage_upload_id": "2~" + "x" * 1000,
        "ended_at": after(60),
        "failure": FAILURE,
    }
    assert await change(story, one, **known)
    assert await seen(story, one) == replace(one, version=2000, **known)


async def test_one_key_is_one_import_of_one_user(story: Story):
    ana, bruno = await story.user(), await story.user()
    one = await imported(story, ana, "k")
    await imported(story, bruno, "k")
    await imported(story, ana)
    await imported(story, ana)
    read = story.transactions.read
    assert await read(lambda t: t.imports.by_idempotency_key(ana, "k")) == (one, DIGEST)
    assert await read(lambda t: t.imports.by_idempotency_key(ana, "K")) is None
    with pytest.raises(IntegrityError):
        await imported(story, ana, "k")


async def test_of_two_who_claim_one_wins_and_none_before_its_time(story: Story):
    one = await imported(story, await story.user())
    claimed: dict[str, Any] = {"status": ImportStatus.FETCHING, "attempt": 1, "wake_at": after(20)}
    assert not await change(story, one, due=4, **claimed)
    assert await change(story, one, due=5, **claimed)
    assert not await change(story, one, due=5, **claimed)
    held = await seen(story, one)
    assert held is not None
    assert not await change(story, held, due=19, attempt=2, wake_at=after(40))
    assert await change(story, held, due=20, attempt=2, wake_at=after(40))
    assert not await change(story, held, fetched_bytes=1)


async def test_what_is_due_is_named_in_its_order_until_it_has_ended(story: Story):
    ana = await story.user()
    late, early = await imported(story, ana), await imported(story, ana, wake_at=after(1))
    assert await change(story, late, status=ImportStatus.FETCHING)

    async def due(at: float) -> list[str]:
        found = await story.transactions.read(lambda t: t.imports.due(after(at), 10))
        assert all(one == DueImport(one.id, ana) for one in found)
        return [one.id for one in found]

    assert await due(0) == []
    assert await due(1) == [early.id]
    assert await due(5) == [early.id, late.id]
    assert await change(story, early, status=ImportStatus.FAILED, ended_at=after(6), failure=FAILURE)
    assert await due(100) == [late.id]


async def test_a_list_holds_what_has_not_ended_and_what_ended_lately(story: Story):
    ana, bruno = await story.user(), await story.user()
    old, new = await imported(story, ana), await imported(story, ana, created_at=after(1))
    ended: dict[str, Any] = {"status": ImportStatus.FAILED, "failure": FAILURE}
    assert await change(story, old, **ended, ended_at=after(60))
    await imported(story, bruno)
    read = story.transactions.read
    assert [one.id for one in await read(lambda t: t.imports.current(ana, after(60), 10))] == [new.id, old.id]
    assert [one.id for one in await read(lambda t: t.imports.current(ana, after(61), 10))] == [new.id]
    assert [one.id for one in await read(lambda t: t.imports.current(ana, after(60), 1))] == [new.id]
    assert [one.id for one in await read(lambda t: t.imports.unfinished(ana))] == [new.id]


async def test_those_that_wait_can_be_woken(story: Story):
    ana = await story.user()
    waiting, held = await imported(story, ana), await imported(story, ana)
    assert await change(story, held, status=ImportStatus.FETCHING, wake_at=after(15))
    await story.transactions.write(lambda t: t.imports.wake(ana, after(1)))
    found = await seen(story, waiting)
    assert found is not None
    assert found.wake_at == after(1)
    found = await seen(story, held)
    assert found is not None
    assert found.wake_at == after(15)


async def test_what_ended_long_ago_is_forgotten_and_all_goes_with_its_owner(story: Story):
    ana = await story.user()
    ended, going_on = await imported(story, ana), await imported(story, ana)
    assert await change(story, ended, status=ImportStatus.FAILED, ended_at=after(60))
    await story.transactions.write(lambda t: t.imports.forget(ended_before=after(60), limit=10))
    assert await seen(story, ended) is not None
    await story.transactions.write(lambda t: t.imports.forget(ended_before=after(61), limit=10))
    assert await seen(story, ended) is None
    assert await seen(story, going_on) == going_on
    assert await story.transactions.write(lambda t: t.users.remove(ana))
    assert await seen(story, going_on) is None


async def test_a_film_comes_over_a_broken_line_and_a_page_of_html_does_not(story: Story):
    world = World.on(story.transactions)
    async with Importing.of(world, cuts=[9 * MIB]) as importing:
        asked = await importing.ask()
        assert (await importing.ended(asked.id)).status is ImportStatus.IMPORTED
        assert (await world.row(asked.id)).size_bytes == len(FILM)
        assert await world.unfinished(importing.viewer) == (1, 0)
    async with Importing.of(world, content=b"<html>") as importing:
        assert (await importing.ended((await importing.ask()).id)).failure is not None
