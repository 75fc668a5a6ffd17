"""Batches and what is in them, on each database."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.domain.batch import Batch, BatchCounts, BatchId, BatchStatus, new_batch_id
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.user import UserId
from app.domain.video import FINAL, UNFINISHED, ProcessingStatus, VideoId
from app.infra.sql.tables import batch_videos
from app.usecases.paging import PageKey, Slice
from app.usecases.ports.database import DatabaseUnavailable
from tests.contracts.story import HALFWAY, Story, after

EVERY = frozenset(ProcessingStatus)


def new_batch(owner: UserId, name: str = "férias 🎞", *, created: float = 0) -> Batch:
    return Batch(new_batch_id(), owner, name, ExtractionOptions(format=ImageFormat.PNG, max_width=640), after(created))


async def kept(story: Story, *batches: Batch) -> None:
    for batch in batches:
        await story.transactions.write(lambda t, batch=batch: t.batches.add(batch))  # type: ignore[misc]


async def joined(story: Story, batch: Batch, *, created: float = 0) -> VideoId:
    video = await story.video(batch.owner, created=created)
    await story.transactions.write(lambda t: t.batches.join(batch.id, video))
    return video


async def get(story: Story, batch: BatchId) -> Batch | None:
    return await story.transactions.read(lambda t: t.batches.get(batch))


async def counts(story: Story, batch: Batch) -> BatchCounts | None:
    return (await story.transactions.read(lambda t: t.batches.counts([batch.id]))).get(batch.id)


async def memberships(story: Story) -> int:
    async with story.engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(batch_videos))).scalar_one()


async def test_a_batch_reads_back_as_written_with_options_and_without(story: Story):
    ana = await story.user()
    one, plain = new_batch(ana), replace(new_batch(ana, "plain"), options=None)
    await kept(story, one, plain)
    assert [await get(story, one.id), await get(story, plain.id)] == [one, plain]
    assert await get(story, new_batch_id()) is None
    read = story.transactions.read
    assert await read(lambda t: t.batches.by_name(ana, "plain")) == plain
    assert await read(lambda t: t.batches.by_name(ana, "PLAIN")) is None
    bruno = await story.user()
    assert await read(lambda t: t.batches.by_name(bruno, "plain")) is None
    assert [await read(lambda t: t.batches.count(ana)), await read(lambda t: t.batches.count(bruno))] == [2, 0]


async def test_a_name_stands_once_among_its_owners(story: Story):
    ana, bruno = await story.user(), await story.user()
    await kept(story, new_batch(ana, "a"), new_batch(bruno, "a"), new_batch(ana, "A"))
    with pytest.raises(Exception, match=r"(?i)unique|duplicate") as refused:
        await kept(story, new_batch(ana, "a"))
    assert not isinstance(refused.value, DatabaseUnavailable)


async def test_batches_are_listed_the_newest_first_page_by_page(story: Story):
    ana = await story.user()
    batches = [new_batch(ana, f"{number}", created=number // 2) for number in range(5)]
    await kept(story, *batches, new_batch(await story.user()))
    expected = sorted(batches, key=lambda batch: (batch.created_at, batch.id), reverse=True)
    first = await story.transactions.read(lambda t: t.batches.page(ana, Slice(2)))
    rest = await story.transactions.read(lambda t: t.batches.page(ana, Slice(100, after=PageKey.of(first[-1]))))
    assert [*first, *rest] == expected


async def test_the_videos_of_a_batch_are_counted_by_their_states_and_by_how_far_they_are(story: Story):
    ana = await story.user()
    batch, other, empty = new_batch(ana, "a"), new_batch(ana, "b"), new_batch(ana, "c")
    await kept(story, batch, other, empty)
    await joined(story, other)
    await joined(story, batch)
    running, done, failed = [await joined(story, batch) for _ in range(3)]
    assert await story.heartbeat(running, await story.claimed(running), progress=HALFWAY)
    assert await story.complete(done, await story.claimed(done))
    assert await story.fail(failed, await story.claimed(failed))
    expected = BatchCounts(1, 1, 1, 1, (0 + HALFWAY.percent + 100 + 100) / 4)
    assert await counts(story, batch) == expected
    assert await counts(story, other) == BatchCounts(pending=1)
    assert await counts(story, empty) is None
    found = await story.transactions.read(lambda t: t.batches.counts([batch.id, other.id, empty.id]))
    assert {one: seen.status for one, seen in found.items()} == {
        batch.id: BatchStatus.PROCESSING,
        other.id: BatchStatus.PROCESSING,
    }
    assert await story.transactions.read(lambda t: t.batches.counts([])) == {}


async def test_videos_of_a_batch_are_listed_and_counted_by_themselves(story: Story):
    ana = await story.user()
    batch, other = new_batch(ana, "a"), new_batch(ana, "b")
    await kept(story, batch, other)
    await story.video(ana)
    await joined(story, other)
    first, second = await joined(story, batch, created=1), await joined(story, batch, created=2)
    assert await story.complete(first, await story.claimed(first))
    read = story.transactions.read
    assert await read(lambda t: t.batches.videos(batch.id, EVERY)) == [first, second]
    assert await read(lambda t: t.batches.videos(batch.id, UNFINISHED)) == [second]
    assert await read(lambda t: t.batches.videos(batch.id, FINAL)) == [first]
    page = await read(lambda t: t.videos.page(ana, EVERY, Slice(10), batch.id))
    assert [video.id for video in page] == [second, first]
    rest = await read(lambda t: t.videos.page(ana, EVERY, Slice(10, after=PageKey.of(page[0])), batch.id))
    assert [video.id for video in rest] == [first]
    assert await read(lambda t: t.videos.count(ana, EVERY, batch.id)) == 2
    assert await read(lambda t: t.videos.count(ana, EVERY)) == 4
    bruno = await story.user()
    assert await read(lambda t: t.videos.page(bruno, EVERY, Slice(10), batch.id)) == []
    assert await read(lambda t: t.batches.of_video(first)) == batch
    assert await read(lambda t: t.batches.of_video(VideoId(new_batch_id()))) is None


async def test_a_video_leaves_its_batch_when_it_is_removed_and_stays_when_the_batch_is(story: Story):
    ana = await story.user()
    batch = new_batch(ana)
    await kept(story, batch)
    first, second = await joined(story, batch), await joined(story, batch)
    assert await story.transactions.write(lambda t: t.videos.remove(first))
    assert (await counts(story, batch), await memberships(story)) == (BatchCounts(pending=1), 1)
    await story.transactions.write(lambda t: t.batches.remove(batch.id))
    await story.transactions.write(lambda t: t.batches.remove(batch.id))
    assert (await get(story, batch.id), await memberships(story)) == (None, 0)
    assert (await story.row(second)).id == second
    assert await story.transactions.read(lambda t: t.batches.of_video(second)) is None


async def test_since_when_a_batch_is_being_deleted_is_written_once(story: Story):
    batch = new_batch(await story.user())
    await kept(story, batch)
    for seconds in (5, 9):
        await story.transactions.write(lambda t, s=seconds: t.batches.close(batch.id, after(s)))  # type: ignore[misc]
    assert await get(story, batch.id) == replace(batch, closed_at=after(5))


async def test_batches_go_with_their_owner(story: Story):
    batch = new_batch(await story.user())
    await kept(story, batch)
    await joined(story, batch)
    await story.transactions.write(lambda t: t.users.remove(batch.owner))
    assert (await get(story, batch.id), await memberships(story)) == (None, 0)
