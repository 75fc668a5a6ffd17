"""Batches: how videos come into one, and what is done to all of them as one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.domain.batch import MOST_BATCHES, MOST_IN_A_BATCH, Batch, BatchCounts, BatchId, BatchStatus, new_batch_id
from app.domain.errors import (
    BatchNotFound,
    DomainError,
    IdempotencyConflict,
    InvalidInput,
    PresetNotFound,
    ProcessingNotFinished,
    QuotaExceeded,
    VideoExpired,
)
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.retention import Retention
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, VideoProcessing
from app.usecases.batches import BatchUseCases
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.transactions import Transaction
from app.usecases.upload_video import IncomingVideo
from tests.contracts.story import a_video
from tests.usecases.parts import planned, send
from tests.usecases.world import MP4, World, incoming

SMALL = ExtractionOptions(format=ImageFormat.WEBP, quality=40, max_width=320)
EVERY = frozenset(ProcessingStatus)


@pytest.fixture
async def ana(world: World) -> Viewer:
    world.max_active = 50
    return await world.user()


@pytest.fixture
def do(world: World, ana: Viewer) -> BatchUseCases:
    return world.do().batches


async def made(
    do: BatchUseCases, viewer: Viewer, name: str = "Monday", options: ExtractionOptions | None = SMALL
) -> BatchId:
    return (await do.create(viewer, name, options)).batch.id


async def joining(
    world: World, viewer: Viewer, batch: BatchId, options: ExtractionOptions | None = None, key: str | None = None
) -> VideoProcessing:
    return await world.upload_video()(viewer, incoming(), options, key, batch)


async def videos(world: World, batch: BatchId) -> list[str]:
    return list(await world.transactions.read(lambda t: t.batches.videos(batch, EVERY)))


async def test_what_joins_a_batch_has_its_options_unless_it_has_its_own(world: World, ana: Viewer, do: BatchUseCases):
    batch, plain = await made(do, ana), await made(do, ana, "plain", None)
    own = ExtractionOptions(quality=77)
    first, second = await joining(world, ana, batch), await joining(world, ana, batch, own)
    third = await joining(world, ana, plain)
    assert [one.options for one in (first, second, third)] == [SMALL, own, ExtractionOptions()]
    assert await videos(world, batch) == sorted([first.id, second.id])
    assert (await do.show(ana, batch)).counts == BatchCounts(pending=2)


async def test_an_upload_in_parts_joins_its_batch_when_it_is_completed(world: World, ana: Viewer, do: BatchUseCases):
    batch, staged = await made(do, ana), world.do().staged_uploads
    shown = await staged.create(ana, planned(), None, "f", batch)
    assert (shown.upload.options, await videos(world, batch)) == (SMALL, [])
    send(world, shown)
    video = await staged.complete(ana, shown.upload.id)
    again = await staged.complete(ana, shown.upload.id)
    assert (video.id, video.options, await videos(world, batch)) == (again.id, SMALL, [video.id])


async def test_an_upload_that_is_gone_on_with_joins_the_batch_that_was_named_last(
    world: World, ana: Viewer, do: BatchUseCases
):
    first, last, staged = await made(do, ana, "a"), await made(do, ana, "b", None), world.do().staged_uploads
    begun = await staged.create(ana, planned(), None, "f", first)
    shown = await staged.create(ana, planned(), None, "f", last)
    send(world, shown)
    video = await staged.complete(ana, shown.upload.id)
    assert (shown.upload.id, video.options) == (begun.upload.id, ExtractionOptions())
    assert (await videos(world, first), await videos(world, last)) == ([], [video.id])


async def test_asked_again_a_batch_of_the_same_name_is_the_same_and_one_of_other_options_is_refused(
    ana: Viewer, do: BatchUseCases
):
    batch = await made(do, ana)
    assert [await made(do, ana), await made(do, ana, " Monday ", None)] == [batch, batch]
    with pytest.raises(InvalidInput, match="other options") as refused:
        await made(do, ana, "Monday", ExtractionOptions())
    assert refused.value.field == ("name",)
    assert await do.count(ana) == 1


async def test_ten_at_once_who_ask_for_one_name_get_one_batch(ana: Viewer, do: BatchUseCases):
    found = await asyncio.gather(*(made(do, ana) for _ in range(10)))
    assert (len(set(found)), await do.count(ana)) == (1, 1)


async def test_a_preset_gives_its_options_as_they_are_now(world: World, ana: Viewer, do: BatchUseCases):
    presets = world.do().presets
    preset = await presets.save(ana, "small", SMALL)
    batch = (await do.create(ana, "a", None, preset.id)).batch
    await presets.save(ana, "small", ExtractionOptions())
    await presets.delete(ana, preset.id)
    assert (await do.show(ana, batch.id)).batch.options == SMALL
    with pytest.raises(PresetNotFound):
        await do.create(ana, "b", None, preset.id)
    with pytest.raises(InvalidInput, match="not both"):
        await do.create(ana, "b", SMALL, preset.id)


async def test_another_users_preset_is_not_found(world: World, ana: Viewer, do: BatchUseCases):
    preset = await world.do().presets.save(await world.user(), "small", SMALL)
    with pytest.raises(PresetNotFound):
        await do.create(ana, "a", None, preset.id)


async def test_nothing_joins_anothers_batch_or_one_that_there_is_not_and_nothing_is_left_behind(
    world: World, ana: Viewer, do: BatchUseCases
):
    theirs = await made(do, await world.user())
    for batch in (theirs, new_batch_id()):
        with pytest.raises(BatchNotFound):
            await joining(world, ana, batch)
        with pytest.raises(BatchNotFound):
            await world.do().staged_uploads.create(ana, planned(), None, None, batch)
    assert (world.storage.objects, world.storage.in_parts) == ({}, {})
    assert await world.unfinished(ana) == (0, 0)
    assert await videos(world, theirs) == []


async def test_another_users_batch_is_not_found_whatever_is_asked_of_it(world: World, ana: Viewer, do: BatchUseCases):
    batch, bruno = await made(do, ana), await world.user()
    video = await joining(world, ana, batch)
    for step in (
        do.show(bruno, batch),
        do.cancel(bruno, batch),
        do.delete(bruno, batch),
        world.do().download_batch(bruno.id, batch),
    ):
        with pytest.raises(BatchNotFound):
            await step
    assert (await do.list(bruno)).entries == []
    assert ((await do.show(ana, batch)).counts.pending, await videos(world, batch)) == (1, [video.id])


async def test_a_key_that_was_used_for_one_batch_is_not_good_for_another(world: World, ana: Viewer, do: BatchUseCases):
    batch, other = await made(do, ana, "a"), await made(do, ana, "b")
    first = await joining(world, ana, batch, key="k")
    assert (await joining(world, ana, batch, key="k")).id == first.id
    for elsewhere in (other, None):
        with pytest.raises(IdempotencyConflict):
            await world.upload_video()(ana, incoming(), SMALL, "k", elsewhere)
    assert await videos(world, batch) == [first.id]


async def test_a_batch_is_deleted_under_an_upload_which_then_leaves_nothing(
    world: World, ana: Viewer, do: BatchUseCases
):
    batch = await made(do, ana)

    async def meanwhile() -> AsyncIterator[bytes]:
        yield MP4
        await do.delete(ana, batch)

    with pytest.raises(BatchNotFound):
        await world.upload_video()(ana, IncomingVideo("a.mp4", None, meanwhile()), None, None, batch)
    assert await world.unfinished(ana) == (0, 0)
    await world.remove_objects()
    assert world.storage.objects == {}


async def test_unfinished_uploads_in_parts_go_with_their_batch_and_no_others(
    world: World, ana: Viewer, do: BatchUseCases
):
    batch, staged = await made(do, ana), world.do().staged_uploads
    await staged.create(ana, planned(), None, "a", batch)
    other = await staged.create(ana, planned(), None, "b")
    await do.delete(ana, batch)
    left = await world.transactions.read(lambda t: t.staged_uploads.of(ana.id))
    assert [one.id for one in left] == [other.upload.id]
    assert list(world.storage.in_parts) == [other.upload.storage_upload_id]


async def test_canceling_ends_what_has_not_ended_and_leaves_the_rest(world: World, ana: Viewer, do: BatchUseCases):
    batch, outside = await made(do, ana), await world.uploaded(ana)
    done, running, waiting = [await joining(world, ana, batch) for _ in range(3)]
    await world.completed(done.id)
    await world.claimed(running.id)
    for _ in range(2):
        canceled = await do.cancel(ana, batch)
        assert (canceled.counts, canceled.counts.status) == (
            BatchCounts(completed=1, failed=2, percent=100.0),
            BatchStatus.PARTLY_FAILED,
        )
    assert (await world.row(waiting.id)).failure is not None
    assert (await world.row(outside.id)).status is ProcessingStatus.PENDING


async def test_a_deletion_that_broke_off_lets_nothing_join_and_is_gone_on_with(
    world: World, ana: Viewer, do: BatchUseCases
):
    batch, outside = await made(do, ana), await world.uploaded(ana)
    inside = await joining(world, ana, batch)
    world.transactions.lose("committed", and_stay_away=True)
    with pytest.raises(DatabaseUnavailable):
        await do.delete(ana, batch)
    world.transactions.away = False
    assert await videos(world, batch) == [inside.id]
    with pytest.raises(BatchNotFound, match="being deleted"):
        await joining(world, ana, batch)
    with pytest.raises(InvalidInput, match="being deleted"):
        await made(do, ana)
    await do.delete(ana, batch)
    for step in (do.delete(ana, batch), do.show(ana, batch)):
        with pytest.raises(BatchNotFound):
            await step
    await world.remove_objects()
    assert list(world.storage.objects) == [outside.source_key]
    assert (await world.row(outside.id)).status is ProcessingStatus.PENDING


async def test_ten_deletions_at_once_are_one(world: World, ana: Viewer, do: BatchUseCases):
    batch = await made(do, ana)
    for _ in range(3):
        await joining(world, ana, batch)
    ended = await asyncio.gather(*(do.delete(ana, batch) for _ in range(10)), return_exceptions=True)
    assert {type(one) for one in ended} <= {type(None), BatchNotFound}
    assert None in ended
    assert await world.unfinished(ana) == (0, 0)


async def test_what_is_processed_again_is_in_the_same_batch(world: World, ana: Viewer, do: BatchUseCases):
    batch = await made(do, ana)
    first, lone = await joining(world, ana, batch), await world.uploaded(ana)
    for video in (first, lone):
        await world.failed(video.id)
    again = await world.videos.reprocess(ana, first.id, None)
    await world.videos.reprocess(ana, lone.id, None)
    assert await videos(world, batch) == sorted([first.id, again.id])
    assert (await do.show(ana, batch)).counts.status is BatchStatus.PROCESSING
    await world.completed(again.id)
    await world.videos.delete(ana, first.id)
    assert (await do.show(ana, batch)).counts.status is BatchStatus.COMPLETED


async def fill(world: World, ana: Viewer, batch: BatchId, size: int) -> None:
    """Let a batch have so many videos, without a file."""

    async def step(t: Transaction) -> None:
        for _ in range(size - (await t.batches.counts([batch])).get(batch, BatchCounts()).total):
            video = a_video(ana.id)
            await t.videos.add(video, idempotency_key=None, request_digest="", wake_at=world.clock.now())
            await t.batches.join(batch, video.id)

    await world.transactions.write(step)


async def test_a_full_batch_takes_no_more_and_repeats_what_it_took_last(world: World, ana: Viewer, do: BatchUseCases):
    world.max_active = 2 * MOST_IN_A_BATCH
    batch = await made(do, ana)
    await fill(world, ana, batch, MOST_IN_A_BATCH - 1)
    last = await joining(world, ana, batch, key="last")
    assert (await joining(world, ana, batch, key="last")).id == last.id
    with pytest.raises(InvalidInput, match="no more") as refused:
        await joining(world, ana, batch, key="more")
    assert refused.value.field == ("batchId",)
    with pytest.raises(InvalidInput, match="no more"):
        await world.do().staged_uploads.create(ana, planned(), None, None, batch)
    await world.failed(last.id)
    again = await world.videos.reprocess(ana, last.id, None)
    assert again.id not in await videos(world, batch)


async def test_a_batch_that_is_filled_under_an_upload_leaves_nothing_of_it(
    world: World, ana: Viewer, do: BatchUseCases
):
    world.max_active = 2 * MOST_IN_A_BATCH
    batch = await made(do, ana)

    async def meanwhile() -> AsyncIterator[bytes]:
        yield MP4
        await fill(world, ana, batch, MOST_IN_A_BATCH)

    with pytest.raises(InvalidInput, match="no more"):
        await world.upload_video()(ana, IncomingVideo("a.mp4", None, meanwhile()), None, None, batch)
    assert await world.unfinished(ana) == (MOST_IN_A_BATCH, 0)
    await world.remove_objects()
    assert world.storage.objects == {}


async def test_there_are_so_many_batches_of_one_user_and_no_more(world: World, ana: Viewer, do: BatchUseCases):
    async def step(t: Transaction) -> None:
        for number in range(MOST_BATCHES):
            await t.batches.add(Batch(new_batch_id(), ana.id, f"{number}", None, world.clock.now()))

    await world.transactions.write(step)
    with pytest.raises(QuotaExceeded):
        await made(do, ana)
    assert (await do.create(ana, "7")).batch.name == "7"
    await made(do, await world.user())


async def in_the_zip(world: World, ana: Viewer, batch: BatchId) -> list[str] | type[DomainError]:
    try:
        return [folder.name for folder in (await world.do().download_batch(ana.id, batch)).folders]
    except DomainError as refused:
        return type(refused)


async def test_the_zip_is_of_what_is_completed_and_kept_in_the_order_of_the_uploads(world: World, ana: Viewer):
    world.retention = Retention(days=3)
    do = world.do().batches
    batch = await made(do, ana)
    assert await in_the_zip(world, ana, batch) is ProcessingNotFinished
    uploads = []
    for _ in range(4):
        uploads.append(await joining(world, ana, batch))
        world.clock.advance(1)
    first, second, failed, _ = uploads
    assert await in_the_zip(world, ana, batch) is ProcessingNotFinished
    await world.completed(second.id)
    before = await world.do().download_batch(ana.id, batch)
    await world.failed(failed.id)
    assert (await world.do().download_batch(ana.id, batch)).digest == before.digest
    world.clock.advance(2 * 24 * 3600)
    await world.completed(first.id)
    after = await world.do().download_batch(ana.id, batch)
    assert [folder.archive.key.split("/")[1] for folder in after.folders] == [first.id, second.id]
    assert after.digest != before.digest
    assert await in_the_zip(world, ana, batch) == ["a", "a (2)"]
    world.clock.advance(timedelta(days=2).total_seconds())
    assert await in_the_zip(world, ana, batch) == ["a"]
    world.clock.advance(timedelta(days=2).total_seconds())
    assert await in_the_zip(world, ana, batch) is VideoExpired
