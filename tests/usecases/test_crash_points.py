"""A process dies at each call that it makes to the world outside, before it and just after; another one goes on.

The walk ends with the first run that does not die, so no call is left out, and a call that comes new is walked too.
"""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.video import NEXT, ProcessingStatus, VideoId, storyboard_key
from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.transactions import SqlTransactions
from app.usecases.paging import Slice
from tests.fakes.extractor import ScriptedExtractor, a_frame
from tests.fakes.messengers import MemoryMailer
from tests.fakes.mortal import Died, Life, Mortal, MortalStorage
from tests.parts.in_memory import folder_in_memory
from tests.usecases.world import LEASE, World, incoming

FILM = [a_frame(number, b"a picture") for number in (0, 25, 50)]
FAR = 10_000
MOST_TRIES = 12
"""So often somebody may come again until a video has ended."""

Act = Callable[[World], Awaitable[object]]


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    with folder_in_memory(otherwise=tmp_path) as folder:
        yield folder


@asynccontextmanager
async def a_world(empty_database: Path, folder: Path) -> AsyncIterator[World]:
    engine = engine_for(f"sqlite+aiosqlite:///{shutil.copy(empty_database, folder / 'fiapx.db')}")
    yield World.on(SqlTransactions(engine))
    await close_engine(engine)


def mortal(world: World, life: Life) -> World:
    """Return the same world as a process sees it that will die."""
    seen = World(Mortal(world.transactions, "transactions", life))  # type: ignore[arg-type]  # It passes on what it has.
    seen.clock, seen.limits = world.clock, world.limits
    seen.storage = MortalStorage(world.storage, "storage", life)  # type: ignore[assignment]
    seen.queue = Mortal(world.queue, "queue", life)  # type: ignore[assignment]
    seen.live = Mortal(world.live, "live", life)  # type: ignore[assignment]
    return seen


async def died(world: World, life: Life, act: Act) -> bool:
    """Let a process act that dies in the end; return whether it did."""
    try:
        await act(mortal(world, life))
    except Died:
        return True
    except Exception:
        if not life.over:
            raise
        return True
    return life.over


def extractor(failure: ProcessingError | None) -> ScriptedExtractor:
    return ScriptedExtractor(FILM, failure=failure)


async def let_others_go_on(world: World, video: VideoId, work: Path, failure: ProcessingError | None) -> None:
    """Do what living processes do, until the video has ended."""
    for _ in range(MOST_TRIES):
        if (await world.row(video)).status.final:
            return
        world.clock.advance(LEASE.total_seconds() + 61)
        world.queue.videos.clear()
        await world.sweep()
        if video in world.queue.videos:
            await world.attempt_video(extractor(failure), work)(video)
    raise AssertionError(f"it never ends: {await world.row(video)}")


async def check_all_is_well(world: World, viewer: Viewer, mailer: MemoryMailer, *, failed: bool) -> None:
    """Hold each of the viewer's videos against what is promised of it, once housekeeping has been by."""
    await world.deliver(mailer)()
    world.clock.advance(3 * 86_400)
    await world.deliver(mailer)()
    await world.remove_objects()
    await world.collect_garbage()
    rows = await world.transactions.read(lambda t: t.videos.page(viewer.id, list(ProcessingStatus), Slice(10)))
    kept = set[str]()
    for row in rows:
        assert row.status is (ProcessingStatus.FAILED if failed else ProcessingStatus.COMPLETED)
        log = (await world.transactions.read(lambda t, one=row.id: t.events.history([one])))[row.id]  # type: ignore[misc]
        states = [change.status for change in log]
        assert states[0] is ProcessingStatus.PENDING
        assert all(later in NEXT[earlier] for earlier, later in pairwise(states))
        assert len([state for state in states if state.final]) == 1
        kept.add(row.source_key)
        if row.archive:
            kept |= {row.archive.key, row.archive.index_key, row.archive.contact_sheet_key or ""}
            assert row.storyboard is not None
            kept |= {storyboard_key(row.id, row.attempt, name) for name, _ in row.storyboard.names()}
    assert set(world.storage.objects) == kept - {""}
    told = [mail.to for mail in mailer.sent]
    assert len(set(told)) == (1 if failed and rows else 0), "a failure is told, and nothing else"


@pytest.mark.slow
@pytest.mark.parametrize("failure", [None, ProcessingError(FailureCode.CORRUPT_VIDEO)], ids=["completed", "failed"])
async def test_a_worker_that_dies_anywhere_in_an_attempt_loses_doubles_and_leaves_nothing(
    failure: ProcessingError | None, empty_database: Path, in_memory: Path
):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)
            video = (await world.uploaded(viewer)).id
            work = in_memory / "work"
            dead = await died(world, life, lambda seen: seen.attempt_video(extractor(failure), work)(video))  # noqa: B023
            await let_others_go_on(world, video, work, failure)
            assert (await world.row(video)).attempt <= 2
            await check_all_is_well(world, viewer, MemoryMailer(), failed=failure is not None)
        if not dead:
            assert {"before transactions.write", "after transactions.write", "before transactions.read"} <= set(
                life.moments
            )
            assert failure is not None or "after the end of writing results" in life.moments
            return


async def test_an_api_that_dies_anywhere_in_an_upload_keeps_it_whole_or_not_at_all(
    empty_database: Path, in_memory: Path
):
    accepted = 0
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)

            async def upload(seen: World) -> object:
                return await seen.upload_video()(viewer, incoming(), ExtractionOptions(), "a-key")  # noqa: B023

            dead = await died(world, life, upload)
            world.clock.advance(61)  # The place of a dead upload is free again.
            again = await upload(world)
            video = getattr(again, "id")  # noqa: B009 - it is a processing
            rows = await world.transactions.read(lambda t: t.videos.page(viewer.id, list(ProcessingStatus), Slice(10)))  # noqa: B023
            assert [row.id for row in rows] == [video], (
                "who sends it again with the same key gets the one that there is"
            )
            accepted += "before queue.process_video" in life.moments
            await let_others_go_on(world, video, in_memory / "work", None)
            await check_all_is_well(world, viewer, MemoryMailer(), failed=False)
        if not dead:
            assert accepted, "it dies after the promise, too"
            return


async def test_a_worker_that_dies_anywhere_in_telling_of_a_failure_tells_it_at_least_once(
    empty_database: Path, in_memory: Path
):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life, mailer = await world.user(), Life(end), MemoryMailer()
            await world.failed((await world.uploaded(viewer)).id)

            async def tell(seen: World) -> object:
                return await seen.deliver(Mortal(mailer, "mailer", life))()  # noqa: B023

            dead = await died(world, life, tell)
            for _ in range(MOST_TRIES):
                world.clock.advance(600)
                await world.deliver(mailer)()
            assert 1 <= len(mailer.sent) <= 2
            assert not await world.due_notifications()
        if not dead:
            assert "before mailer.send" in life.moments
            return
