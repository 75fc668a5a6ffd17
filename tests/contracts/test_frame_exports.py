"""Exports, on each database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.failure import Failure, FailureCode
from app.domain.frames_export import ExportKind, ExportStatus, FramesExport, new_export_id
from app.domain.places import Places
from app.domain.user import UserId
from app.domain.video import VideoId
from tests.contracts.story import Story, after

LONG = Places.of_numbers(range(1_000, 3_000, 2))
DAY = timedelta(days=1)


def an_export(owner: UserId, video: VideoId, kind: ExportKind = ExportKind.PREVIEW_WEBP, at: float = 0) -> FramesExport:
    return FramesExport(new_export_id(), owner, video, kind, LONG, after(at), after(at), after(at) + DAY)


async def begun(story: Story, *, at: float = 0, kind: ExportKind = ExportKind.PREVIEW_WEBP) -> FramesExport:
    owner = await story.user()
    export = an_export(owner, await story.video(owner), kind, at)
    await story.transactions.write(lambda t: t.exports.add(export))
    return export


async def read(story: Story, export: FramesExport) -> FramesExport | None:
    return await story.transactions.read(lambda t: t.exports.get(export.id))


async def changed(story: Story, seen: FramesExport, to: FramesExport, due_by: float | None = None) -> bool:
    by = None if due_by is None else after(due_by)
    return await story.transactions.write(lambda t: t.exports.change(seen, to, due_by=by))


async def test_an_export_reads_back_as_written_and_is_found_by_what_was_asked_for(story: Story):
    export = await begun(story)
    assert await read(story, export) == export
    again = replace(export, id=new_export_id(), created_at=after(9))
    other = replace(again, kind=ExportKind.PREVIEW_GIF)
    everything = replace(again, places=None)

    async def alike(one: FramesExport) -> FramesExport | None:
        return await story.transactions.read(lambda t: t.exports.alike(one))

    found = [await alike(one) for one in (again, other, everything)]
    assert found == [export, None, None]
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await story.transactions.write(lambda t: t.exports.add(again))


async def test_only_one_claims_what_is_due_and_another_attempt_changes_nothing(story: Story):
    export = await begun(story, at=10)
    mine = replace(export, status=ExportStatus.MAKING, attempt=1, wake_at=after(25))
    assert not await changed(story, export, mine, due_by=9)
    assert await changed(story, export, mine, due_by=10)
    assert not await changed(story, export, mine, due_by=10)
    theirs = replace(mine, attempt=2, wake_at=after(60))
    assert await changed(story, mine, theirs, due_by=26)
    ready = replace(mine, status=ExportStatus.READY, object_key=mine.own_key, size_bytes=2**40, ended_at=after(27))
    assert not await changed(story, mine, ready)
    failed = replace(
        theirs, status=ExportStatus.FAILED, ended_at=after(28), failure=Failure(FailureCode.TIMED_OUT, "Férias 🎞.")
    )
    assert await changed(story, theirs, failed)
    assert await read(story, export) == failed


async def test_what_is_due_waits_or_has_lost_its_worker(story: Story):
    waiting, later, held = await begun(story), await begun(story, at=100), await begun(story)
    mine = replace(held, status=ExportStatus.MAKING, attempt=1, wake_at=after(15))
    assert await changed(story, held, mine)
    due = {at: await story.transactions.read(lambda t, at=at: t.exports.due(after(at), 10)) for at in (1, 16, 101)}  # type: ignore[misc]
    assert [{one.id for one in found} for found in due.values()] == [
        {waiting.id},
        {waiting.id, held.id},
        {waiting.id, held.id, later.id},
    ]
    assert {one.owner for one in due[1]} == {waiting.owner}
    assert await story.transactions.read(lambda t: t.exports.unfinished(held.owner)) == 1


async def test_what_is_ready_counts_and_is_known_by_its_key_until_its_row_is_gone(story: Story):
    export = await begun(story)
    ready = replace(export, status=ExportStatus.READY, object_key=export.own_key, size_bytes=2**40, frame_count=3)
    assert await changed(story, export, ready)
    assert await story.transactions.read(lambda t: t.exports.stored_bytes(export.owner)) == 2**40
    keys = {export.own_key, "results/other"}
    assert await story.transactions.read(lambda t: t.exports.known_keys(keys)) == {export.own_key}
    day = DAY.total_seconds()
    assert await story.transactions.read(lambda t: t.exports.expired(after(day), 10)) == []
    assert await story.transactions.read(lambda t: t.exports.expired(after(day + 1), 10)) == [ready]
    await story.transactions.write(lambda t: t.exports.remove(export.id))
    assert await story.transactions.read(lambda t: t.exports.stored_bytes(export.owner)) == 0
    assert await read(story, export) is None


async def test_exports_go_with_their_video(story: Story):
    export = await begun(story)
    assert await story.transactions.read(lambda t: t.exports.of(export.video)) == [export]
    await story.transactions.write(lambda t: t.videos.remove(export.video))
    assert await read(story, export) is None
