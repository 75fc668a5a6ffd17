"""What becomes of those who come while more waits than the workers can do soon."""

import pytest

from app.domain.errors import ServiceBusy
from app.domain.options import ExtractionOptions
from app.usecases.planned_upload import PlannedUpload
from tests.usecases.world import MP4, World, incoming

HOUR = 3600


async def upload(world: World, viewer, key: str | None = None, **limits: int):
    return await world.do(**limits).upload_video(viewer, incoming(), ExtractionOptions(), key)


async def test_who_has_something_waiting_is_refused_while_the_first_has_waited_too_long(world: World):
    ana = await world.user()
    await upload(world, ana)
    world.clock.advance(HOUR)
    await upload(world, ana, max_backlog_seconds=HOUR)
    world.clock.advance(90)
    with pytest.raises(ServiceBusy) as refused:
        await upload(world, ana, max_backlog_seconds=HOUR)
    assert refused.value.retry_after_seconds == 90
    assert len(world.storage.objects) == 2, "nothing is left of what was refused"


async def test_who_has_nothing_waiting_is_let_in_for_twice_as_long(world: World):
    ana, bruno, carla = [await world.user() for _ in range(3)]
    await upload(world, ana)
    world.clock.advance(2 * HOUR)
    await upload(world, bruno, max_backlog_seconds=HOUR)
    world.clock.advance(1)
    with pytest.raises(ServiceBusy):
        await upload(world, carla, max_backlog_seconds=HOUR)


async def test_who_repeats_an_accepted_upload_is_told_of_it_however_much_waits(world: World):
    ana = await world.user()
    first = await upload(world, ana, key="once")
    world.clock.advance(5 * HOUR)
    assert (await upload(world, ana, key="once", max_backlog_seconds=HOUR)).id == first.id


async def test_what_waits_is_bounded_by_its_bytes_too(world: World):
    ana = await world.user()
    for _ in range(2):
        await upload(world, ana, max_backlog_bytes=len(MP4))
        world.clock.advance(3)
    with pytest.raises(ServiceBusy):
        await upload(world, ana, max_backlog_bytes=len(MP4))


async def test_what_has_begun_or_ended_waits_no_more(world: World):
    ana = await world.user()
    video = await upload(world, ana)
    world.clock.advance(2 * HOUR)
    await world.completed(video.id)
    await upload(world, ana, max_backlog_seconds=HOUR)


async def test_the_question_before_the_file_and_processing_again_are_refused_likewise(world: World):
    ana = await world.user()
    done = await upload(world, ana)
    await world.completed(done.id)
    await upload(world, ana)
    world.clock.advance(2 * HOUR)
    do = world.do(max_backlog_seconds=HOUR)
    with pytest.raises(ServiceBusy):
        await do.upload_video.check(ana, PlannedUpload("a.mp4", 10))
    with pytest.raises(ServiceBusy):
        await do.videos.reprocess(ana, done.id, None)
