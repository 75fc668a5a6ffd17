"""A worker dies at each call that it makes to the world outside while it fetches an import; another one goes on."""

from pathlib import Path

import pytest

from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, VideoId
from app.domain.video_import import ImportStatus, VideoImport
from app.usecases.paging import Slice
from tests.fakes.messengers import MemoryMailer
from tests.fakes.mortal import Life
from tests.fakes.sources import MemorySources
from tests.usecases.test_crash_points import FAR, a_world, check_all_is_well, died, in_memory, let_others_go_on
from tests.usecases.world import LEASE, MP4, World

__all__ = ["in_memory"]
pytestmark = pytest.mark.slow

FILMS = MemorySources(holiday=MP4, page=b"<!DOCTYPE html><html>")


async def row(world: World, which: VideoId) -> VideoImport:
    found = await world.transactions.read(lambda t: t.imports.get(which))
    assert found is not None
    return found


async def let_workers_go_on(world: World, which: VideoId) -> VideoImport:
    """Do what living workers do, until the import has ended."""
    for _ in range(12):
        if (seen := await row(world, which)).status.final:
            return seen
        world.clock.advance(LEASE.total_seconds() + 1)
        world.queue.imports.clear()
        await world.control().sweep_imports()
        assert world.queue.imports == [which]
        await world.control(sources=FILMS).fetch_import(which)
    raise AssertionError(f"it never ends: {await row(world, which)}")


async def asked(world: World, viewer: Viewer, name: str) -> VideoId:
    link = f"https://films.example/{name}.mp4"
    return (await world.do().imports.create(viewer, link, ExtractionOptions())).id


async def test_a_worker_that_dies_anywhere_in_an_import_loses_doubles_and_leaves_nothing(
    empty_database: Path, in_memory: Path
):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)
            film = await asked(world, viewer, "holiday")
            dead = await died(world, life, lambda seen: seen.control(sources=FILMS).fetch_import(film))  # noqa: B023
            assert (await let_workers_go_on(world, film)).status is ImportStatus.IMPORTED
            rows = await world.transactions.read(lambda t: t.videos.page(viewer.id, list(ProcessingStatus), Slice(10)))  # noqa: B023
            assert [(one.id, one.size_bytes) for one in rows] == [(film, len(MP4))]
            assert world.storage.in_parts == {}
            await let_others_go_on(world, film, in_memory / "work", None)
            await check_all_is_well(world, viewer, MemoryMailer(), failed=False)
        if not dead:
            assert {"after storage.begin_parts", "after storage.put_part", "after storage.complete_parts"} <= set(
                life.moments
            )
            return


async def test_a_worker_that_dies_anywhere_in_a_failing_import_leaves_nothing_either(
    empty_database: Path, in_memory: Path
):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)
            page = await asked(world, viewer, "page")
            dead = await died(world, life, lambda seen: seen.control(sources=FILMS).fetch_import(page))  # noqa: B023
            failed = await let_workers_go_on(world, page)
            assert failed.failure is not None
            assert failed.failure.code == "NOT_A_VIDEO"
            assert await world.unfinished(viewer) == (0, 0)
            assert world.storage.in_parts == {}
            await world.remove_objects()
            assert world.storage.objects == {}
            assert [told.event for told in await world.due_notifications()] == ["import.failed"]
        if not dead:
            return
