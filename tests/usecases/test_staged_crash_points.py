"""An API dies at each call that it makes to the world outside while an upload in parts begins and ends."""

from pathlib import Path

import pytest

from app.domain.video import ProcessingStatus, VideoId
from app.usecases.paging import Slice
from tests.fakes.messengers import MemoryMailer
from tests.fakes.mortal import Life
from tests.usecases.parts import begun, send
from tests.usecases.test_crash_points import FAR, a_world, check_all_is_well, died, in_memory, let_others_go_on
from tests.usecases.world import MP4, World

__all__ = ["in_memory"]
pytestmark = pytest.mark.slow


async def test_an_api_that_dies_anywhere_in_an_upload_in_parts_keeps_it_whole_or_not_at_all(
    empty_database: Path, in_memory: Path
):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)

            async def upload(seen: World) -> VideoId:
                do = seen.do().staged_uploads
                shown = await begun(do, viewer, MP4)  # noqa: B023
                send(world, shown, data=MP4)
                return (await do.complete(viewer, shown.upload.id)).id  # noqa: B023

            dead = await died(world, life, upload)
            again = await upload(world)
            rows = await world.transactions.read(lambda t: t.videos.page(viewer.id, list(ProcessingStatus), Slice(10)))  # noqa: B023
            assert again in [row.id for row in rows]
            accepted = dead and life.moments[-1].partition(" ")[2] in {"live.publish", "queue.process_video"}
            assert len(rows) == 1 or not dead or accepted or life.moments[-1] == "after transactions.write"
            for row in rows:
                await let_others_go_on(world, row.id, in_memory / "work", None)
            await check_all_is_well(world, viewer, MemoryMailer(), failed=False)
            assert world.storage.in_parts == {}
        if not dead:
            return


async def test_whoever_completes_again_after_a_death_gets_one_processing(empty_database: Path, in_memory: Path):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)
            shown = await begun(world.do().staged_uploads, viewer, MP4)
            send(world, shown, data=MP4)
            known = shown.upload.id
            dead = await died(world, life, lambda seen: seen.do().staged_uploads.complete(viewer, known))  # noqa: B023
            assert (await world.do().staged_uploads.complete(viewer, known)).id == known
            rows = await world.transactions.read(lambda t: t.videos.page(viewer.id, list(ProcessingStatus), Slice(10)))  # noqa: B023
            assert [row.id for row in rows] == [known]
            await let_others_go_on(world, known, in_memory / "work", None)
            await check_all_is_well(world, viewer, MemoryMailer(), failed=False)
            assert world.storage.in_parts == {}
        if not dead:
            assert "after storage.complete_parts" in life.moments
            return
