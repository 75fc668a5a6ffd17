"""An API dies at each call that it makes to the world outside while a batch is deleted or canceled."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.domain.batch import BatchId
from app.domain.errors import BatchNotFound
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus
from app.usecases.batches import BatchUseCases
from app.usecases.paging import Slice
from tests.fakes.mortal import Life
from tests.usecases.parts import planned
from tests.usecases.test_crash_points import FAR, a_world, died, in_memory
from tests.usecases.world import World, incoming

__all__ = ["in_memory"]
pytestmark = pytest.mark.slow


async def filled(world: World, viewer: Viewer) -> BatchId:
    """Make a batch with a video that is completed, one that is worked on, one that waits, and a file on its way."""
    batch = (await world.do().batches.create(viewer, "Monday")).batch.id
    first, second, _ = [await world.upload_video()(viewer, incoming(), None, None, batch) for _ in range(3)]
    await world.completed(first.id)
    await world.claimed(second.id)
    await world.do().staged_uploads.create(viewer, planned(), None, None, batch)
    return batch


async def died_in(
    world: World, life: Life, step: Callable[[BatchUseCases, BatchId], Awaitable[object]], batch: BatchId
) -> bool:
    return await died(world, life, lambda seen: step(seen.do().batches, batch))


async def test_a_deletion_whose_api_dies_anywhere_is_gone_on_with_and_leaves_nothing(
    empty_database: Path, in_memory: Path
):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)
            outside = await world.uploaded(viewer)
            batch = await filled(world, viewer)
            dead = await died_in(world, life, lambda do, batch: do.delete(viewer, batch), batch)  # noqa: B023
            try:
                await world.do().batches.delete(viewer, batch)
            except BatchNotFound:  # It was the last step's answer that was lost.
                assert not dead or life.moments[-1] == "after transactions.write"
            with pytest.raises(BatchNotFound):
                await world.do().batches.show(viewer, batch)
            rows = await world.transactions.read(lambda t: t.videos.page(viewer.id, list(ProcessingStatus), Slice(10)))  # noqa: B023
            assert [row.id for row in rows] == [outside.id]
            assert await world.transactions.read(lambda t: t.staged_uploads.of(viewer.id)) == []  # noqa: B023
            for _ in range(3):
                world.clock.advance(26 * 3600)
                await world.remove_objects()
                await world.collect_garbage()
            assert (list(world.storage.objects), world.storage.in_parts) == ([outside.source_key], {})
        if not dead:
            return


async def test_a_canceling_whose_api_dies_anywhere_is_gone_on_with(empty_database: Path, in_memory: Path):
    for end in range(1, FAR):
        async with a_world(empty_database, in_memory) as world:
            viewer, life = await world.user(), Life(end)
            batch = await filled(world, viewer)
            dead = await died_in(world, life, lambda do, batch: do.cancel(viewer, batch), batch)  # noqa: B023
            counts = (await world.do().batches.cancel(viewer, batch)).counts
            assert (counts.completed, counts.failed, counts.total) == (1, 2, 3)
        if not dead:
            return
