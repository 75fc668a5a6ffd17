"""How long files are kept, with a record and a storage that the tests hold in their hands."""

from datetime import timedelta

import pytest

from app.domain.errors import QuotaExceeded, VideoExpired
from app.domain.retention import Retention
from app.domain.video import ProcessingStatus
from tests.usecases.world import World

DAY = 24 * 3600


@pytest.fixture
def month(world: World) -> World:
    world.retention = Retention(days=30)
    return world


async def test_file_and_zip_go_thirty_days_after_the_end_and_the_row_stays(month: World):
    ana = await month.user()
    video = await month.completed((await month.uploaded(ana)).id)
    month.clock.advance(30 * DAY - 0.001)
    assert await month.expire_videos() == 0
    await month.download(ana, video.id)
    month.clock.advance(0.001)
    assert await month.expire_videos() == 1
    await month.remove_objects()
    assert month.storage.objects == {}
    row = await month.row(video.id)
    assert (row.status, row.archive) == (ProcessingStatus.COMPLETED, video.archive)
    assert row.expired_at == month.clock.now()
    assert row.version > video.version


async def test_what_expired_says_so_before_and_after_its_removal(month: World):
    ana = await month.user()
    video = await month.completed((await month.uploaded(ana)).id)
    month.clock.advance(30 * DAY)
    until = (month.clock.now()).strftime("%Y-%m-%d")
    for _ in range(2):
        for wanted in (month.download(ana, video.id), month.videos.reprocess(ana, video.id, None)):
            with pytest.raises(VideoExpired, match=f"kept until {until}"):
                await wanted
        month.clock.advance(1)
        await month.expire_videos()


async def test_what_expired_stays_so_when_files_are_kept_for_longer(month: World):
    ana = await month.user()
    video = await month.completed((await month.uploaded(ana)).id)
    month.clock.advance(31 * DAY)
    await month.expire_videos()
    month.retention = Retention()
    with pytest.raises(VideoExpired):
        await month.download(ana, video.id)


async def test_nothing_expires_where_files_are_kept_for_ever(world: World):
    ana = await world.user()
    video = await world.completed((await world.uploaded(ana)).id)
    world.clock.advance(10_000 * DAY)
    assert await world.expire_videos() == 0
    await world.download(ana, video.id)


async def test_a_failed_video_keeps_its_file_as_long_and_an_unfinished_one_as_long_as_it_takes(month: World):
    ana = await month.user()
    failed = await month.failed((await month.uploaded(ana)).id)
    pending = await month.uploaded(ana)
    month.clock.advance(40 * DAY)
    assert await month.expire_videos() == 1
    await month.remove_objects()
    assert set(month.storage.objects) == {pending.source_key}
    assert (await month.row(failed.id)).expired_at is not None


async def test_a_shared_file_stays_until_the_last_that_names_it_expires(month: World):
    ana = await month.user()
    first = await month.completed((await month.uploaded(ana)).id)
    month.clock.advance(20 * DAY)
    second = await month.completed((await month.videos.reprocess(ana, first.id, None)).id)
    month.clock.advance(11 * DAY)
    assert await month.expire_videos() == 1
    await month.remove_objects()
    assert second.archive is not None
    assert set(month.storage.objects) == {first.source_key, second.archive.key}
    month.clock.advance(20 * DAY)
    assert await month.expire_videos() == 1
    await month.remove_objects()
    assert month.storage.objects == {}


async def test_what_expired_leaves_room_in_the_quota(month: World):
    ana = await month.user()
    first = await month.completed((await month.uploaded(ana)).id)
    month.max_stored = first.size_bytes + 10_001  # An upload that does not say its size counts as the largest.
    with pytest.raises(QuotaExceeded):
        await month.uploaded(ana)
    month.clock.advance(31 * DAY)
    await month.expire_videos()
    await month.uploaded(ana)


async def test_everybody_who_watches_sees_that_it_expired(month: World):
    ana = await month.user()
    video = await month.completed((await month.uploaded(ana)).id)
    month.clock.advance(31 * DAY)
    await month.expire_videos()
    assert month.live.published[-1] == await month.row(video.id)


@pytest.mark.slow
async def test_many_users_videos_expire_in_one_run(month: World):
    month.max_active = 1000
    for _ in range(3):
        user = await month.user()
        for _ in range(40):
            await month.completed((await month.uploaded(user)).id)
    month.clock.advance(31 * DAY)
    assert await month.expire_videos() == 120
    assert await month.expire_videos() == 0


def test_the_end_of_keeping_is_counted_from_the_end_of_processing(month: World):
    assert month.retention.ended_by(month.clock.now()) == month.clock.now() - timedelta(days=30)
