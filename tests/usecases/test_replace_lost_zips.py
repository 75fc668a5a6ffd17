"""What a storage has lost of what is Completed, with a record and a storage that the tests hold in their hands."""

from dataclasses import replace

import pytest

from app.domain.errors import StorageError, VideoExpired
from app.domain.failure import LOST, FailureCode
from app.domain.notification import NotificationEvent
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, VideoProcessing
from app.usecases.paging import Slice
from tests.usecases.world import World


async def completed(world: World, viewer: Viewer) -> VideoProcessing:
    """Return a Completed whose ZIP is there."""
    video = await world.completed((await world.uploaded(viewer)).id)
    assert video.archive is not None
    assert video.archive.key in world.storage.objects
    return video


def lose(world: World, *keys: str) -> None:
    for key in keys:
        del world.storage.objects[key]


async def others(world: World, viewer: Viewer, *known: VideoProcessing) -> list[VideoProcessing]:
    ids = {video.id for video in known}
    page = await world.transactions.read(lambda t: t.videos.page(viewer.id, frozenset(ProcessingStatus), Slice(100)))
    return [video for video in page if video.id not in ids]


async def test_a_completed_whose_zip_is_gone_is_processed_again_as_a_new_record(world: World):
    ana = await world.user()
    whole, lost = await completed(world, ana), await completed(world, ana)
    assert lost.archive is not None
    lose(world, lost.archive.key)
    assert await world.replace_lost_zips() == 1
    (again,) = await others(world, ana, whole, lost)
    assert (again.status, again.source_key, again.options) == (
        ProcessingStatus.PENDING,
        lost.source_key,
        lost.options,
    )
    assert again.id in world.queue.videos
    row = await world.row(lost.id)
    assert (row.status, row.expired_at) == (ProcessingStatus.COMPLETED, world.clock.now()), "it never goes back"
    with pytest.raises(VideoExpired):
        await world.download(ana, lost.id)
    assert (await world.row(whole.id)).expired_at is None
    assert await world.replace_lost_zips() == 0, "the new one has its end before it"
    await world.completed(again.id)
    await world.download(ana, again.id)
    world.clock.advance(10 * 24 * 3600)
    await world.collect_garbage()
    await world.remove_objects()
    assert lost.source_key in world.storage.objects


async def test_what_is_lost_with_its_file_is_a_failure_that_says_so(world: World):
    ana = await world.user()
    whole, lost = await completed(world, ana), await completed(world, ana)
    assert lost.archive is not None
    lose(world, lost.archive.key, lost.source_key)
    assert await world.replace_lost_zips() == 1
    (again,) = await others(world, ana, whole, lost)
    assert again.failure is not None
    assert (again.status, again.failure.code) == (ProcessingStatus.FAILED, FailureCode.SOURCE_MISSING)
    assert again.failure.reason == LOST
    told = await world.transactions.read(lambda t: t.notifications.page(ana.id, Slice(10)))
    assert [(one.event, one.video) for one in told] == [(NotificationEvent.VIDEO_FAILED, again.id)]


async def test_a_file_that_is_there_shows_that_it_is_the_right_storage(world: World):
    ana = await world.user()
    lost = sorted([await completed(world, ana) for _ in range(3)], key=lambda video: video.id)
    lose(world, *(key for key in list(world.storage.objects) if key != lost[-1].source_key))
    assert await world.replace_lost_zips() == 3
    again = await others(world, ana, *lost)
    assert sorted(video.status for video in again) == [ProcessingStatus.FAILED] * 2 + [ProcessingStatus.PENDING]


async def test_a_storage_that_has_nothing_of_the_record_is_taken_for_the_wrong_one(world: World):
    ana = await world.user()
    lost = [await completed(world, ana) for _ in range(3)]
    world.storage.objects.clear()
    with pytest.raises(StorageError, match="right one"):
        await world.replace_lost_zips()
    assert await others(world, ana, *lost) == []
    beside = world.control(storage_dir=".").replace_lost_zips
    assert await beside() == 3, "beside the record there is no wrong one"


async def test_what_was_deleted_or_expired_is_not_lost(world: World):
    ana = await world.user()
    deleted, expired = await completed(world, ana), await completed(world, ana)
    await world.videos.delete(ana, deleted.id)
    await world.transactions.write(lambda t: t.videos.expire(expired.id, world.clock.now()))
    await world.remove_objects()
    lose(world, *(key for key in list(world.storage.objects) if key.startswith("results/")))
    assert await world.replace_lost_zips() == 0


async def test_a_run_goes_on_where_the_last_one_ended(world: World):
    ana = await world.user()
    videos = sorted([await completed(world, ana) for _ in range(3)], key=lambda video: video.id)
    lose(world, *(video.archive.key for video in videos if video.archive))
    one_at_a_time = replace(world.replace_lost_zips, batch=1, most_videos=1)
    for video in videos:
        assert (await world.row(video.id)).expired_at is None
        assert await one_at_a_time() == 1
        assert (await world.row(video.id)).expired_at is not None
    assert await one_at_a_time() == 0
