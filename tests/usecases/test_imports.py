"""Films that the service fetches itself: what comes of a good link, of a broken line and of a worker that ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.errors import (
    AccountDisabled,
    IdempotencyConflict,
    InvalidInput,
    QuotaExceeded,
    UnsupportedFileFormat,
    UploadNotFound,
)
from app.domain.failure import ImportFailureCode
from app.domain.options import ExtractionOptions
from app.domain.video import ProcessingStatus, source_key
from app.domain.video_import import ImportStatus
from app.usecases.ports.transactions import T, Transaction, Transactions
from tests.parts.waiting import until
from tests.usecases.importing import FILM, MIB, Importing
from tests.usecases.world import World


async def test_a_film_behind_a_link_becomes_a_video_of_the_same_id(world: World):
    async with Importing.of(world) as importing:
        asked = await importing.ask(importing.server.url("/f%C3%A9rias/a%20film.mp4?key=secret"))
        assert (asked.status, world.queue.imports) == (ImportStatus.WAITING, [asked.id])
        assert await world.unfinished(importing.viewer) == (0, 1)
        ended = await importing.ended(asked.id)
    assert (ended.status, ended.fetched_bytes, ended.total_bytes) == (ImportStatus.IMPORTED, len(FILM), len(FILM))
    assert ended.url == importing.server.url("/f%C3%A9rias/a%20film.mp4")  # Its key is no longer kept.
    video = await world.row(asked.id)
    assert (video.status, video.original_file_name, video.size_bytes) == (
        ProcessingStatus.PENDING,
        "a film.mp4",
        len(FILM),
    )
    assert world.storage.objects[source_key(asked.id)].data == FILM
    assert world.queue.videos == [asked.id]
    assert await world.unfinished(importing.viewer) == (1, 0)


async def test_a_line_that_breaks_is_gone_on_with_and_no_part_comes_twice(world: World):
    async with Importing.of(world, cuts=[9 * MIB, 3 * MIB]) as importing:
        asked = await importing.ask()
        ended = await importing.ended(asked.id)
    assert ended.status is ImportStatus.IMPORTED
    assert world.storage.objects[source_key(asked.id)].data == FILM
    ranges = [one.headers.get("range") for one in importing.server.asked]
    assert ranges == [None, f"bytes={8 * MIB}-", f"bytes={8 * MIB}-"]
    assert ended.attempt == 3


async def test_a_server_without_ranges_begins_again_and_no_part_is_stored_twice(world: World):
    async with Importing.of(world, cuts=[9 * MIB], ranges=False) as importing:
        asked = await importing.ask()
        (_,) = [await importing.fetch()(asked.id)]
        (parts,) = [one.sent for one in world.storage.in_parts.values()]
        first = parts[1]
        world.clock.advance(10)
        assert await importing.fetch()(asked.id) is None
    assert world.storage.objects[source_key(asked.id)].data == FILM
    assert parts[1] is first


async def test_without_anything_that_tells_contents_apart_it_begins_anew(world: World):
    async with Importing.of(world, cuts=[9 * MIB], etag=None) as importing:
        ended = await importing.ended((await importing.ask()).id)
    assert ended.status is ImportStatus.IMPORTED
    assert [one.headers.get("range") for one in importing.server.asked] == [None, None]
    assert world.storage.objects[source_key(ended.id)].data == FILM
    assert world.storage.in_parts == {}


@pytest.mark.parametrize("cuts", [[], [17 * MIB]])
async def test_a_length_need_not_be_said(world: World, cuts: list[int]):
    async with Importing.of(world, chunked=True, cuts=cuts) as importing:
        ended = await importing.ended((await importing.ask()).id)
    assert (ended.status, ended.total_bytes) == (ImportStatus.IMPORTED, len(FILM))
    assert world.storage.objects[source_key(ended.id)].data == FILM


async def test_a_worker_that_is_told_to_end_gives_its_import_back_at_once(world: World):
    async with Importing.of(world, pause=0.05, piece=MIB) as importing:
        asked = await importing.ask()
        fetching = asyncio.create_task(importing.fetch()(asked.id))
        await until(lambda: any(one.sent for one in world.storage.in_parts.values()))
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(fetching, 2)
        given_back = await importing.row(asked.id)
        assert (given_back.status, given_back.faults) == (ImportStatus.WAITING, 0)
        assert given_back.wake_at <= world.clock.now()
        importing.server.pause = 0
        assert await importing.fetch()(asked.id) is None
    assert importing.server.asked[1].headers["range"].startswith("bytes=")
    assert importing.server.asked[1].headers["if-range"] == '"one"'
    assert world.storage.objects[source_key(asked.id)].data == FILM


class LateAnswers:
    """Transactions whose answers come once ``gate`` is set; ``committed`` says that the first has happened."""

    def __init__(self, real: Transactions) -> None:
        self._real = real
        self.committed, self.gate = asyncio.Event(), asyncio.Event()

    async def read(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        return await self._real.read(step)

    async def write(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        result = await self._real.write(step)
        self.committed.set()
        await self.gate.wait()
        return result


async def test_a_worker_that_is_told_to_end_while_it_claims_gives_it_back_too(world: World):
    async with Importing.of(world) as importing:
        asked, late = await importing.ask(), LateAnswers(world.transactions)
        fetching = asyncio.create_task(replace(importing.fetch(), transactions=late)(asked.id))
        await late.committed.wait()
        assert (await importing.row(asked.id)).status is ImportStatus.FETCHING
        fetching.cancel()
        late.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        given_back = await importing.row(asked.id)
        assert (given_back.status, given_back.faults) == (ImportStatus.WAITING, 0)
        assert given_back.wake_at <= world.clock.now()


async def test_of_two_workers_one_fetches_and_a_dead_ones_import_is_taken_over(world: World):
    async with Importing.of(world, cuts=[9 * MIB]) as importing:
        asked = await importing.ask()
        seen = await importing.row(asked.id)
        held = replace(seen, status=ImportStatus.FETCHING, attempt=1, wake_at=world.clock.now() + timedelta(seconds=15))
        assert await world.transactions.write(lambda t: t.imports.change(seen, held))
        again = await importing.fetch()(asked.id)
        assert again is not None
        assert timedelta(seconds=15) <= again < timedelta(seconds=16)
        assert importing.server.asked == []
        assert await world.transactions.read(lambda t: t.imports.due(world.clock.now(), 10)) == []
        world.clock.advance(16)
        await world.control().sweep_imports()
        assert world.queue.imports == [asked.id, asked.id]
        assert (await importing.ended(asked.id)).status is ImportStatus.IMPORTED


async def test_a_worker_that_dies_between_the_storage_and_the_row_loses_nothing(world: World):
    async with Importing.of(world) as importing:
        asked = await importing.ask()
        completed = asyncio.Event()

        class DiesThen:
            """The storage, whose worker dies once the object is there."""

            def __getattr__(self, name: str) -> object:
                return getattr(world.storage, name)

            async def complete_parts(self, *parts: object) -> None:
                await world.storage.complete_parts(*parts)  # type: ignore[arg-type]
                completed.set()
                await asyncio.Event().wait()

        dying = importing.fetch(storage=DiesThen())
        task = asyncio.create_task(dying(asked.id))
        await completed.wait()
        world.transactions.away = True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        world.transactions.away = False
        world.clock.advance(16)
        assert await importing.fetch()(asked.id) is None
        assert len(importing.server.asked) == 1
    assert (await importing.row(asked.id)).status is ImportStatus.IMPORTED
    assert (await world.row(asked.id)).size_bytes == len(FILM)


async def test_an_outage_of_the_storage_is_waited_for_and_says_nothing_about_the_link(world: World):
    async with Importing.of(world) as importing:
        asked = await importing.ask()
        world.storage.away = True
        for _ in range(12):
            again = await importing.fetch()(asked.id)
            assert again is not None
            world.clock.advance(again.total_seconds())
        assert (await importing.row(asked.id)).faults == 0
        world.storage.away = False
        assert (await importing.ended(asked.id)).status is ImportStatus.IMPORTED


async def test_one_key_is_one_import_and_another_request_a_conflict(world: World):
    async with Importing.of(world) as importing:
        one = await importing.ask(idempotency_key="k")
        assert (await importing.ask(idempotency_key="k")).id == one.id
        with pytest.raises(IdempotencyConflict):
            await importing.ask(importing.server.url("/other.mp4"), idempotency_key="k")
        with pytest.raises(InvalidInput):
            await importing.ask(idempotency_key="k k")
        await importing.ended(one.id)
        assert (await importing.ask(idempotency_key="k")).status is ImportStatus.IMPORTED
    assert world.queue.imports == [one.id]


async def test_imports_under_way_count_in_the_quota(world: World):
    world.max_active = 2
    async with Importing.of(world) as importing:
        await importing.ask()
        await importing.ask()
        with pytest.raises(QuotaExceeded):
            await importing.ask()


async def test_an_import_that_is_canceled_leaves_nothing_and_its_worker_stops(world: World):
    async with Importing.of(world, pause=0.05, piece=MIB) as importing:
        asked, imports = await importing.ask(), world.do().imports
        fetching = asyncio.create_task(importing.fetch(heartbeat_seconds=0)(asked.id))
        await until(lambda: any(one.sent for one in world.storage.in_parts.values()))
        canceled = await imports.cancel(importing.viewer, asked.id)
        assert canceled.failure is not None
        assert (canceled.status, canceled.failure.code) == (ImportStatus.FAILED, ImportFailureCode.CANCELED)
        assert await asyncio.wait_for(fetching, 5) is None
        await importing.nothing_left()
        with pytest.raises(UploadNotFound):
            await imports.cancel(importing.viewer, asked.id)
    assert (await importing.row(asked.id)).status is ImportStatus.FAILED


async def test_the_account_that_is_deleted_or_disabled_takes_its_imports_with_it(world: World):
    async with Importing.of(world, cuts=[9 * MIB, 9 * MIB]) as importing:
        asked = await importing.ask()
        assert await importing.fetch()(asked.id) is not None
        await world.change_user(importing.viewer.id, disabled_at=world.clock.now())
        await world.transactions.write(lambda t: t.imports.wake(importing.viewer.id, world.clock.now()))
        ended = await importing.ended(asked.id)
        assert ended.failure is not None
        assert ended.failure.code is ImportFailureCode.ACCOUNT_DISABLED
        await importing.nothing_left()
        with pytest.raises(AccountDisabled):
            await importing.ask()


async def test_whose_name_ends_like_no_film_is_named_by_its_content_or_refused_beforehand(world: World):
    async with Importing.of(
        world, more=('Content-Disposition: attachment; filename="../../x\\\\cat.php"',)
    ) as importing:
        ended = await importing.ended((await importing.ask(importing.server.url("/get?id=1"))).id)
        assert ended.file_name == "cat.php.mp4"
        with pytest.raises(UnsupportedFileFormat):
            await importing.ask(file_name="cat.php")
        named = await importing.ended((await importing.ask(file_name="mine.mkv")).id)
        assert named.file_name == "mine.mkv"


async def test_who_watches_sees_it_come_and_end(world: World):
    async with Importing.of(world, pause=0.1, piece=2 * MIB) as importing:
        asked = await importing.ask()
        fetching = asyncio.create_task(importing.fetch()(asked.id))
        seen = [one async for one in world.do().imports.watch(importing.viewer, asked.id)]
        await fetching
    assert [seen[0].status, seen[-1].status] == [ImportStatus.WAITING, ImportStatus.IMPORTED]
    fetched = [one.fetched_bytes for one in seen]
    assert fetched == sorted(fetched)
    assert len({one for one in fetched if 0 < one < len(FILM)}) >= 1
    versions = [one.version for one in seen]
    assert versions == sorted(set(versions))


async def test_what_came_never_becomes_less_for_who_watches_though_some_of_it_comes_again(world: World):
    async with Importing.of(world, cuts=[9 * MIB, MIB // 2]) as importing:
        assert (await importing.ended((await importing.ask()).id)).status is ImportStatus.IMPORTED
    fetched = [one.fetched_bytes for one in world.live_imports.published]
    assert fetched == sorted(fetched)
    assert fetched[-1] == len(FILM)


async def test_another_user_sees_nothing_of_it(world: World):
    async with Importing.of(world) as importing:
        asked, bruno, imports = await importing.ask(), await world.user(), world.do().imports
        assert await imports.list(bruno) == []
        for step in (imports.show, imports.cancel):
            with pytest.raises(UploadNotFound):
                await step(bruno, asked.id)
        with pytest.raises(UploadNotFound):
            await anext(imports.watch(bruno, asked.id))
        assert [one.id for one in await imports.list(importing.viewer)] == [asked.id]
        assert (await imports.show(importing.viewer, asked.id)).options == ExtractionOptions()
