"""A storage that lost something, and a service that finds that at its start."""

from pathlib import Path

from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, VideoProcessing
from app.usecases.paging import Wanted
from tests.faults.conftest import Stack
from tests.faults.test_dying_workers import check_whole
from tests.parts.waiting import until


async def newest(stack: Stack, viewer: Viewer) -> VideoProcessing:
    return (await stack.service.services.do.list_user_videos(viewer, Wanted(1))).entries[0]


async def test_a_zip_that_is_gone_is_made_anew_when_the_service_starts(stack: Stack, samples: Path, tmp_path: Path):
    storage = stack.service.services.storage
    stack.start_worker()
    first = await stack.until_final((await stack.upload(samples / "carphone_pristine.mp4")).id, 60)
    stack.end_workers()
    assert first.archive is not None
    await storage.delete([first.archive.key])
    stack.start_worker()

    async def is_found() -> bool:
        return (await newest(stack, stack.viewer)).id != first.id

    await until(is_found, 30)
    again = await stack.until_final((await newest(stack, stack.viewer)).id, 60)
    await check_whole(stack, again, tmp_path)
    assert (await stack.row(first.id)).status is ProcessingStatus.COMPLETED
