"""Uploads in parts: what is taken, gone on with, and left behind."""

import asyncio
import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.errors import (
    AcceptanceUnknown,
    FileChanged,
    FileTooLarge,
    InvalidInput,
    QuotaExceeded,
    StagingUnavailable,
    StorageError,
    StorageFull,
    Unauthenticated,
    UnsupportedFileFormat,
    UploadIncomplete,
    UploadNotFound,
)
from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus, new_video_id
from app.usecases.planned_upload import PlannedUpload
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.staged_uploads import URLS_AT_ONCE, StagedUploadUseCases
from tests.usecases.parts import FILM, PART, begun, planned, send, sent
from tests.usecases.world import MP4, World

DAY = 24 * 3600


@pytest.fixture
async def ana(world: World) -> Viewer:
    return await world.user()


@pytest.fixture
def do(world: World) -> StagedUploadUseCases:
    return world.do().staged_uploads


async def empty(world: World, viewer: Viewer) -> bool:
    """Whether nothing is left, once housekeeping has been by often enough."""
    for _ in range(3):
        world.clock.advance(DAY + 2 * 3600)
        await world.remove_objects()
        await world.collect_garbage()
    return (world.storage.objects, world.storage.in_parts, await world.unfinished(viewer)) == ({}, {}, (0, 0))


async def test_a_file_in_parts_becomes_a_video_like_any_other(world: World, ana: Viewer, do: StagedUploadUseCases):
    shown = await begun(do, ana, quality=50)
    assert [(part.number, part.done) for part in shown.parts] == [(1, False), (2, False), (3, False)]
    assert [part.url and part.url.partition("&")[2] for part in shown.parts] == [
        f"partNumber=1&size={PART}&md5=None",
        f"partNumber=2&size={PART}&md5=None",
        f"partNumber=3&size={len(FILM) - 2 * PART}&md5=None",
    ]
    assert await world.unfinished(ana) == (0, 1)
    assert world.storage.objects == {}
    send(world, shown)
    video = await do.complete(ana, shown.upload.id)
    assert (video.id, video.status, video.size_bytes) == (shown.upload.id, ProcessingStatus.PENDING, len(FILM))
    assert (video.original_file_name, video.options) == ("a.mp4", ExtractionOptions(quality=50))
    assert world.storage.objects[video.source_key].data == FILM
    assert await world.row(video.id) == video
    assert world.queue.videos == [video.id]
    assert await world.unfinished(ana) == (1, 0)
    history = await world.transactions.read(lambda t: t.events.history([video.id]))
    assert [change.status for change in history[video.id]] == [ProcessingStatus.PENDING]


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (planned(b"a letter, whatever its name may say" * 2000), UnsupportedFileFormat),
        (planned(b""), UnsupportedFileFormat),
        (planned(name="a.txt"), UnsupportedFileFormat),
        (planned(name="/"), InvalidInput),
        (replace(planned(), size_bytes=50 * 1024**3 + 1), FileTooLarge),
        (replace(planned(), size_bytes=-1), InvalidInput),
        (replace(planned(), first_bytes=FILM[:1024]), InvalidInput),
    ],
)
async def test_what_would_be_refused_is_refused_before_anything_is_sent(
    world: World, ana: Viewer, do: StagedUploadUseCases, file: PlannedUpload, error: type[Exception]
):
    with pytest.raises(error):
        await do.create(ana, file, ExtractionOptions())
    assert world.storage.in_parts == {}
    assert await world.unfinished(ana) == (0, 0)


async def test_quotas_count_what_is_under_way(world: World):
    world.max_active, world.max_stored = 2, 2 * len(FILM)
    do, ana = world.do().staged_uploads, await world.user()
    await begun(do, ana, fingerprint="1")
    with pytest.raises(QuotaExceeded, match="GiB"):
        await begun(do, ana, FILM + FILM, fingerprint="2")
    await begun(do, ana, fingerprint="2")
    with pytest.raises(QuotaExceeded, match="not finished"):
        await begun(do, ana, MP4, fingerprint="3")
    assert (await begun(do, ana, fingerprint="2")).parts, "what is under way may be gone on with"
    world.max_stored_in_all = len(FILM)
    with pytest.raises(QuotaExceeded):
        await begun(world.do().staged_uploads, await world.user(), MP4)
    assert len(world.storage.in_parts) == 2


async def test_the_same_file_is_gone_on_with_from_anywhere_and_nothing_of_it_is_sent_twice(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    first = await begun(do, ana)
    send(world, first, 2)
    again = await begun(do, ana, quality=7)
    assert again.upload.id == first.upload.id
    assert [(part.number, part.done) for part in again.parts] == [(1, False), (2, True), (3, False)]
    assert again.parts[1].md5 == base64.b64encode(hashlib.md5(FILM[PART : 2 * PART]).digest()).decode()
    assert [part.url is None for part in again.parts] == [False, True, False]
    assert await do.refresh(ana, first.upload.id, []) == again
    send(world, again)
    assert (await do.complete(ana, first.upload.id)).options.quality == 7, "the options are those of the last word"


async def test_without_a_fingerprint_and_for_another_user_it_is_another_upload(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    ids = {(await begun(do, ana)).upload.id, (await begun(do, ana, fingerprint=None)).upload.id}
    ids |= {(await begun(do, ana, fingerprint=None)).upload.id, (await begun(do, await world.user())).upload.id}
    assert len(ids) == 4


async def test_two_tabs_that_begin_at_once_share_one_upload(world: World, ana: Viewer, do: StagedUploadUseCases):
    shown = await asyncio.gather(*(begun(do, ana) for _ in range(5)))
    assert len({one.upload.id for one in shown}) == 1
    assert len(world.storage.in_parts) == 1
    assert await world.unfinished(ana) == (0, 1)


@pytest.mark.parametrize("other", [FILM + b"!", MP4[:-1] + b"?" + FILM[len(MP4) :]], ids=["size", "head"])
async def test_a_file_that_changed_between_two_sessions_is_refused(
    world: World, ana: Viewer, do: StagedUploadUseCases, other: bytes
):
    first = await begun(do, ana)
    with pytest.raises(FileChanged, match=first.upload.id) as refused:
        await begun(do, ana, other)
    assert refused.value.field == ("fingerprint",)
    await do.abort(ana, first.upload.id)
    assert (await begun(do, ana, other)).upload.id != first.upload.id


@pytest.mark.parametrize("text", ["", "x" * 1025])
async def test_a_fingerprint_is_a_short_text(ana: Viewer, do: StagedUploadUseCases, text: str):
    with pytest.raises(InvalidInput):
        await begun(do, ana, fingerprint=text)


async def test_a_file_with_missing_parts_is_not_completed_and_they_are_named(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    film = MP4 + bytes(5 * PART)
    shown = await begun(do, ana, film)
    send(world, shown, 2, 6, data=film)
    with pytest.raises(UploadIncomplete, match=r"Of 6 parts the storage lacks 1, 3-5; send them"):
        await do.complete(ana, shown.upload.id)
    send(world, shown, 1, 3, 4, 5, data=film)
    world.storage.send_part(shown.upload.storage_upload_id, 4, bytes(PART - 1))
    with pytest.raises(UploadIncomplete, match="lacks 4;"):
        await do.complete(ana, shown.upload.id)
    assert not (await do.refresh(ana, shown.upload.id, [])).parts[3].done
    assert world.storage.objects == {}


async def test_urls_are_made_for_the_next_parts_or_for_those_that_are_asked_for(ana: Viewer, do: StagedUploadUseCases):
    file = replace(planned(), size_bytes=(URLS_AT_ONCE + 10) * PART)
    shown = await do.create(ana, file, ExtractionOptions())
    assert [part.number for part in shown.parts if part.url] == list(range(1, URLS_AT_ONCE + 1))
    md5 = base64.b64encode(hashlib.md5(b"").digest()).decode()
    asked = await do.refresh(ana, shown.upload.id, [(URLS_AT_ONCE + 10, md5), (3, None)])
    assert [part.number for part in asked.parts if part.url] == [3, URLS_AT_ONCE + 10]
    assert asked.parts[-1].url is not None
    assert asked.parts[-1].url.endswith(f"&size={PART}&md5={md5}")
    for wrong in [(0, None), (URLS_AT_ONCE + 11, None), (1, "AAAA"), (1, "no base64 at all!")]:
        with pytest.raises(InvalidInput):
            await do.refresh(ana, shown.upload.id, [wrong])


async def test_another_users_a_gone_and_an_unknown_upload_are_not_found(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    shown, bruno = await sent(world, ana), await world.user()
    for who, upload in ((bruno, shown.upload.id), (ana, new_video_id())):
        for step in (do.refresh(who, upload, []), do.complete(who, upload), do.abort(who, upload)):
            with pytest.raises(UploadNotFound):
                await step
    world.clock.advance(DAY)
    for late in (do.refresh(ana, shown.upload.id, []), do.complete(ana, shown.upload.id)):
        with pytest.raises(UploadNotFound):
            await late
    assert (await begun(do, ana)).upload.id != shown.upload.id


async def test_ten_completions_at_once_and_later_ones_are_one_processing(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    shown = await sent(world, ana)
    videos = await asyncio.gather(*(do.complete(ana, shown.upload.id) for _ in range(10)))
    assert {video.id for video in videos} == {shown.upload.id}
    assert await world.unfinished(ana) == (1, 0)
    done = await world.completed(shown.upload.id)
    assert await do.complete(ana, shown.upload.id) == done
    with pytest.raises(UploadNotFound):
        await do.complete(await world.user(), shown.upload.id)


@pytest.mark.parametrize("outcome", ["committed", "rolled back"])
@pytest.mark.parametrize("and_stay_away", [False, True])
async def test_a_database_that_goes_away_at_the_acceptance_makes_no_second_video(
    world: World, ana: Viewer, do: StagedUploadUseCases, outcome: str, and_stay_away: bool
):
    shown = await sent(world, ana)
    world.transactions.lose(outcome, and_stay_away=and_stay_away)
    try:
        await do.complete(ana, shown.upload.id)
    except (AcceptanceUnknown, DatabaseUnavailable) as fault:
        assert and_stay_away or outcome == "rolled back"
        assert ("complete the upload again" in str(fault)) == and_stay_away
    world.transactions.away = False
    assert (await do.complete(ana, shown.upload.id)).id == shown.upload.id
    assert await world.unfinished(ana) == (1, 0)


async def test_a_storage_that_is_away_loses_nothing_that_came(world: World, ana: Viewer, do: StagedUploadUseCases):
    shown = await sent(world, ana)
    world.storage.away = True
    for step in (begun(do, ana), do.refresh(ana, shown.upload.id, []), do.complete(ana, shown.upload.id)):
        with pytest.raises(StorageError):
            await step
    with pytest.raises(StorageError):
        await begun(do, ana, fingerprint="another")
    assert await world.unfinished(ana) == (0, 1), "a place in the quota is not held by what never began"
    world.storage.away = False
    assert (await do.complete(ana, shown.upload.id)).id == shown.upload.id


async def test_a_full_disk_is_said_when_it_begins_and_when_it_goes_on(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    world.storage.room = len(FILM) - 1
    with pytest.raises(StorageFull):
        await begun(do, ana)
    assert await world.unfinished(ana) == (0, 0)
    world.storage.room = len(FILM)
    shown = await begun(do, ana)
    send(world, shown, 1)
    world.storage.room = len(FILM) - PART
    assert (await do.refresh(ana, shown.upload.id, [])).parts[0].done
    world.storage.full = True
    for step in (begun(do, ana, fingerprint="another"), do.refresh(ana, shown.upload.id, [])):
        with pytest.raises(StorageFull):
            await step


async def test_a_file_that_does_not_begin_as_it_was_shown_is_refused_and_removed(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    shown = await begun(do, ana)
    send(world, shown, data=b"#!/bin/sh" + FILM[9:])
    with pytest.raises(FileChanged):
        await do.complete(ana, shown.upload.id)
    with pytest.raises(UploadNotFound):
        await do.complete(ana, shown.upload.id)
    assert await world.unfinished(ana) == (0, 0)
    await world.remove_objects()
    assert world.storage.objects == {}


async def test_an_aborted_upload_leaves_nothing_and_its_place_is_free_at_once(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    shown = await sent(world, ana)
    await do.abort(ana, shown.upload.id)
    assert world.storage.in_parts == {}
    assert await world.unfinished(ana) == (0, 0)
    for step in (
        do.abort(ana, shown.upload.id),
        do.refresh(ana, shown.upload.id, []),
        do.complete(ana, shown.upload.id),
    ):
        with pytest.raises(UploadNotFound):
            await step


async def test_an_abandoned_upload_goes_after_a_day_whatever_came_of_it(
    world: World, ana: Viewer, do: StagedUploadUseCases
):
    await begun(do, ana, fingerprint="nothing came")
    send(world, await begun(do, ana, fingerprint="a part came"), 1)
    whole = await sent(world, ana, fingerprint="all came")
    upload = whole.upload
    parts = await world.storage.parts(upload.source_key, upload.storage_upload_id)
    await world.storage.complete_parts(upload.source_key, upload.storage_upload_id, parts)  # And there the API died.
    world.clock.advance(DAY - 1)
    await world.collect_garbage()
    assert len(world.storage.in_parts) == 2
    assert await world.unfinished(ana) == (0, 3)
    world.clock.advance(1)
    assert await world.unfinished(ana) == (0, 0), "it counts no longer"
    assert await empty(world, ana)


async def test_what_the_storage_gave_up_by_itself_is_begun_anew(world: World, ana: Viewer, do: StagedUploadUseCases):
    first = await begun(do, ana)
    world.storage.in_parts.clear()
    with pytest.raises(UploadNotFound):
        await do.refresh(ana, first.upload.id, [])
    again = await begun(do, ana)
    assert again.upload.id != first.upload.id
    assert await world.unfinished(ana) == (0, 1)


async def test_uploads_go_with_the_account(world: World, ana: Viewer, do: StagedUploadUseCases):
    shown = await sent(world, ana)
    assert await world.transactions.write(lambda t: t.users.remove(ana.id))
    with pytest.raises(Unauthenticated):
        await begun(do, ana, fingerprint="another")
    with pytest.raises(UploadNotFound):
        await do.complete(ana, shown.upload.id)
    assert await empty(world, ana)


async def test_where_clients_do_not_reach_the_storage_a_file_comes_in_one_request(world: World, ana: Viewer):
    world.part_links = None
    with pytest.raises(StagingUnavailable):
        await begun(world.do().staged_uploads, ana)


async def test_its_session_may_end_while_it_lives(world: World, ana: Viewer, do: StagedUploadUseCases):
    shown = await sent(world, ana)
    world.clock.advance(7200)
    later = replace(ana, expires_at=world.clock.now() + timedelta(hours=1))
    assert (await do.complete(later, shown.upload.id)).id == shown.upload.id
