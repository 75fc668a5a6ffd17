import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from app.domain.errors import (
    AcceptanceUnknown,
    DomainError,
    FileTooLarge,
    IdempotencyConflict,
    InvalidInput,
    QuotaExceeded,
    RateLimited,
    StorageError,
    Unauthenticated,
    UnsupportedFileFormat,
    UploadIncomplete,
)
from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.video import ProcessingStatus
from app.usecases.paging import Slice
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.quota import StoredInAll
from app.usecases.upload_video import IncomingVideo
from tests.usecases.world import MP4, World, chunks, incoming


async def test_an_accepted_upload_is_stored_recorded_and_queued(world: World):
    ana = await world.user()
    video = await world.uploaded(ana, MP4[:10], MP4[10:])
    assert set(world.storage.objects) == {video.source_key}
    assert world.storage.objects[video.source_key].data == MP4
    assert (video.status, video.size_bytes) == (ProcessingStatus.PENDING, len(MP4))
    assert await world.row(video.id) == video
    assert world.queue.videos == [video.id]
    assert await world.unfinished(ana) == (1, 0)
    history = await world.transactions.read(lambda t: t.events.history([video.id]))
    assert [change.status for change in history[video.id]] == [ProcessingStatus.PENDING]


async def test_an_upload_is_accepted_while_the_queue_is_away_and_the_sweep_makes_good(world: World):
    world.queue.away = True
    video = await world.uploaded(await world.user())
    world.queue.away = False
    assert await world.sweep() == 0  # It is left to the enqueue that follows for a moment.
    world.clock.advance(6)
    assert await world.sweep() == 1
    assert world.queue.videos == [video.id]


async def test_nothing_is_promised_while_the_storage_is_away(world: World):
    ana = await world.user()
    world.storage.away = True
    with pytest.raises(StorageError):
        await world.uploaded(ana)
    assert await world.unfinished(ana) == (0, 0)
    assert world.queue.videos == []


async def test_a_client_that_goes_away_leaves_neither_a_row_nor_a_place_in_the_quota(world: World):
    ana = await world.user()

    async def cut() -> AsyncIterator[bytes]:
        yield MP4
        raise UploadIncomplete

    with pytest.raises(UploadIncomplete):
        await world.upload_video()(ana, IncomingVideo("a.mp4", None, cut()), ExtractionOptions())
    assert world.storage.objects == {}
    assert await world.unfinished(ana) == (0, 0)


@pytest.mark.parametrize("body", [b"just some text, whatever its name may say", b"", b"\x00"])
async def test_what_is_no_video_is_refused_and_not_kept(world: World, body: bytes):
    ana = await world.user()
    with pytest.raises(UnsupportedFileFormat):
        await world.upload_video()(ana, incoming(body), ExtractionOptions())
    assert world.storage.objects == {}
    assert await world.unfinished(ana) == (0, 0)


async def test_a_file_that_is_too_large_is_refused_by_what_it_declares_before_it_is_read(world: World):
    read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield MP4

    with pytest.raises(FileTooLarge):
        await world.upload_video(100)(await world.user(), IncomingVideo("a.mp4", 101, body()), ExtractionOptions())
    assert not read


async def test_a_file_that_says_nothing_of_its_size_is_refused_once_it_is_too_large(world: World):
    ana = await world.user()
    with pytest.raises(FileTooLarge):
        await world.upload_video(len(MP4))(ana, incoming(MP4, b"x"), ExtractionOptions())
    assert world.storage.objects == {}
    assert await world.unfinished(ana) == (0, 0)


async def test_the_same_key_and_file_get_the_same_answer_and_nothing_is_stored_twice(world: World):
    ana = await world.user()
    first = await world.uploaded(ana, MP4, key="k")
    again = await world.uploaded(ana, MP4[:5], MP4[5:], key="k")
    assert again.id == first.id
    assert len(world.storage.objects) == 1
    assert world.queue.videos == [first.id]


async def test_the_same_key_with_another_file_name_or_options_is_a_conflict(world: World):
    ana = await world.user()
    await world.uploaded(ana, MP4, key="k")
    for other in (incoming(MP4 + b"x"), incoming(MP4, name="b.mp4")):
        with pytest.raises(IdempotencyConflict):
            await world.upload_video()(ana, other, ExtractionOptions(), "k")
    with pytest.raises(IdempotencyConflict):
        await world.upload_video()(ana, incoming(MP4), ExtractionOptions(quality=50), "k")


async def test_two_users_may_use_the_same_key(world: World):
    one = await world.uploaded(await world.user(), key="k")
    other = await world.uploaded(await world.user(), key="k")
    assert one.id != other.id


@pytest.mark.parametrize("key", ["", "x" * 256, "k ", "\u00e9"])
async def test_a_key_is_one_short_word(world: World, key: str):
    with pytest.raises(InvalidInput):
        await world.uploaded(await world.user(), key=key)


async def test_a_concurrent_repeat_waits_for_the_first_upload_and_gets_its_answer(world: World):
    ana = await world.user()
    more = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield MP4
        await more.wait()

    first = asyncio.create_task(
        world.upload_video()(ana, IncomingVideo("a.mp4", None, slow()), ExtractionOptions(), "k")
    )
    while (await world.unfinished(ana))[1] == 0:
        await asyncio.sleep(0)
    twin = asyncio.create_task(world.uploaded(ana, MP4, key="k"))
    await asyncio.sleep(0)
    more.set()
    assert (await twin).id == (await first).id


async def test_a_concurrent_repeat_of_a_slow_upload_is_told_when_to_come_back(world: World):
    ana = await world.user()
    more = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield MP4
        await more.wait()

    first = asyncio.create_task(
        world.upload_video()(ana, IncomingVideo("a.mp4", None, slow()), ExtractionOptions(), "k")
    )
    while (await world.unfinished(ana))[1] == 0:
        await asyncio.sleep(0)
    with pytest.raises(RateLimited) as told:
        await world.uploaded(ana, MP4, key="k")
    assert told.value.retry_after_seconds > 0
    more.set()
    await first


async def test_the_key_of_an_upload_whose_server_died_can_be_used_again_after_a_minute(world: World):
    ana = await world.user()

    async def dies() -> AsyncIterator[bytes]:
        yield MP4
        world.transactions.lose("rolled back")  # As when the process is gone before it can give anything up.
        raise UploadIncomplete

    with pytest.raises(UploadIncomplete):
        await world.upload_video()(ana, IncomingVideo("a.mp4", None, dies()), ExtractionOptions(), "k")
    with pytest.raises(RateLimited):
        await world.uploaded(ana, key="k")
    world.clock.advance(61)
    assert (await world.uploaded(ana, key="k")).status is ProcessingStatus.PENDING


async def test_one_user_may_have_only_so_many_unfinished_and_uploads_under_way_count(world: World):
    ana, rui = await world.user(), await world.user()
    for _ in range(world.max_active):
        await world.uploaded(ana)
    with pytest.raises(QuotaExceeded) as refused:
        await world.uploaded(ana)
    assert refused.value.retry_after_seconds > 0
    assert (await world.uploaded(rui)).status is ProcessingStatus.PENDING


async def test_many_uploads_at_once_cannot_slip_past_the_limit_together(world: World):
    ana = await world.user()

    async def attempt() -> bool:
        with suppress(QuotaExceeded):
            await world.uploaded(ana)
            return True
        return False

    assert sum(await asyncio.gather(*(attempt() for _ in range(12)))) == world.max_active


async def test_an_acceptance_whose_answer_was_lost_is_still_an_acceptance(world: World):
    ana = await world.user()

    async def then_lose() -> AsyncIterator[bytes]:
        yield MP4
        world.transactions.lose("committed")

    video = await world.upload_video()(ana, IncomingVideo("a.mp4", None, then_lose()), ExtractionOptions())
    assert await world.row(video.id) == video
    assert world.queue.videos == [video.id]


async def test_an_acceptance_that_did_not_happen_is_an_error_and_the_object_stays_for_housekeeping(world: World):
    ana = await world.user()

    async def then_lose() -> AsyncIterator[bytes]:
        yield MP4
        world.transactions.lose("rolled back")

    with pytest.raises(DatabaseUnavailable):
        await world.upload_video()(ana, IncomingVideo("a.mp4", None, then_lose()), ExtractionOptions())
    assert len(world.storage.objects) == 1
    assert (await world.unfinished(ana))[0] == 0


@pytest.mark.parametrize("key", ["a-key", None])
async def test_where_nobody_knows_whether_a_file_was_accepted_its_user_is_told_so_and_how_to_go_on(
    world: World, key: str | None
):
    ana = await world.user()

    async def then_lose() -> AsyncIterator[bytes]:
        yield MP4
        world.transactions.lose("committed", and_stay_away=True)

    with pytest.raises(AcceptanceUnknown, match="it is unknown whether this file was accepted") as told:
        await world.upload_video()(ana, IncomingVideo("a.mp4", None, then_lose()), ExtractionOptions(), key)
    assert told.value.code == "STORAGE_ERROR"
    assert (key or "see your list") in told.value.message
    world.transactions.away = False
    if key:
        again = await world.uploaded(ana, key=key)
        rows = await world.transactions.read(lambda t: t.videos.page(ana.id, list(ProcessingStatus), Slice(10)))
        assert [row.id for row in rows] == [again.id]


async def test_an_upload_that_ends_after_its_account_is_gone_leaves_no_row(world: World):
    ana = await world.user()

    async def then_leave() -> AsyncIterator[bytes]:
        yield MP4
        await world.transactions.write(lambda t: t.users.remove(ana.id))

    with pytest.raises(DomainError) as refused:
        await world.upload_video()(ana, IncomingVideo("a.mp4", None, then_leave()), ExtractionOptions())
    assert isinstance(refused.value, Unauthenticated)


async def test_a_slow_upload_keeps_its_reservation_alive(world: World):
    ana = await world.user()

    async def slow() -> AsyncIterator[bytes]:
        yield MP4
        for _ in range(10):
            world.clock.advance(20)
            yield b"more"

    video = await world.upload_video()(ana, IncomingVideo("a.mp4", None, slow()), ExtractionOptions(), "k")
    assert video.size_bytes == len(MP4) + 40


async def test_what_the_chunks_are_cut_into_does_not_matter(world: World):
    ana = await world.user()
    pieces = [MP4[n : n + 1] for n in range(len(MP4))]
    video = await world.upload_video()(ana, IncomingVideo("a.mp4", None, chunks(*pieces)), ExtractionOptions())
    assert world.storage.objects[video.source_key].data == MP4


async def test_a_user_keeps_only_so_many_bytes_of_files_zips_and_uploads_under_way(world: World):
    ana, rui = await world.user(), await world.user()

    async def kept(viewer: Viewer) -> int:
        return await world.do().stored_bytes.of(viewer.id)

    first = await world.uploaded(ana)
    assert (await kept(ana), await kept(rui)) == (len(MP4), 0)
    done = await world.completed(first.id)
    assert done.archive is not None
    with_zip = len(MP4) + done.archive.size_bytes
    assert await kept(ana) == with_zip
    world.max_stored = with_zip + len(MP4)

    async def asks_meanwhile() -> AsyncIterator[bytes]:
        yield MP4
        assert await kept(ana) == with_zip + len(MP4)
        with pytest.raises(QuotaExceeded, match="delete some videos first"):
            await world.upload_video()(ana, IncomingVideo("a.mp4", 1, once(MP4)), ExtractionOptions())

    await world.upload_video()(ana, IncomingVideo("a.mp4", len(MP4), asks_meanwhile()), ExtractionOptions())
    await world.upload_video()(rui, IncomingVideo("a.mp4", len(MP4), once(MP4)), ExtractionOptions())


async def test_who_does_not_say_how_much_will_come_needs_room_for_the_most(world: World):
    ana = await world.user()
    world.max_stored = 9_999
    with pytest.raises(QuotaExceeded):
        await world.upload_video(10_000)(ana, IncomingVideo("a.mp4", None, once(MP4)), ExtractionOptions())
    await world.upload_video(9_999)(ana, IncomingVideo("a.mp4", None, once(MP4)), ExtractionOptions())


async def test_a_file_that_is_processed_again_is_counted_once(world: World):
    ana = await world.user()
    first = await world.uploaded(ana)
    done = await world.completed(first.id)
    await world.videos.reprocess(ana, first.id, None)
    assert done.archive is not None
    counted = await world.do().stored_bytes.of(ana.id)
    assert counted == len(MP4) + done.archive.size_bytes


async def test_a_service_that_is_full_takes_no_more_of_anybody_and_leaves_no_place_taken(world: World):
    ana, rui = await world.user(), await world.user()
    world.max_stored_in_all = 10**9
    await world.uploaded(ana)
    world.max_stored_in_all = len(MP4)
    with pytest.raises(QuotaExceeded, match="service is full"):
        await world.upload_video()(rui, IncomingVideo("a.mp4", len(MP4), once(MP4)), ExtractionOptions())
    assert await world.do().stored_bytes.of(rui.id) == 0


async def test_the_last_room_of_a_service_is_enough_for_the_upload_that_fits_it(world: World):
    ana = await world.user()
    world.max_stored_in_all = len(MP4)
    await world.upload_video()(ana, IncomingVideo("a.mp4", len(MP4), once(MP4)), ExtractionOptions())
    with pytest.raises(QuotaExceeded, match="service is full"):
        await world.upload_video()(ana, IncomingVideo("a.mp4", 1, once(MP4)), ExtractionOptions())


async def test_uploads_of_one_minute_share_the_room_that_there_was(world: World):
    ana = await world.user()
    world.max_stored_in_all = 2 * len(MP4)
    upload = world.upload_video()
    for _ in range(2):
        await upload(ana, IncomingVideo("a.mp4", len(MP4), once(MP4)), ExtractionOptions())
    with pytest.raises(QuotaExceeded, match="service is full"):
        await upload(ana, IncomingVideo("a.mp4", len(MP4), once(MP4)), ExtractionOptions())


async def test_uploads_that_end_early_or_small_leave_the_room_that_they_asked_for(world: World):
    ana = await world.user()
    world.max_stored_in_all = 10_000 + len(MP4)
    upload = world.upload_video(10_000)
    for _ in range(3):
        with pytest.raises(UnsupportedFileFormat):
            await upload(ana, IncomingVideo("a.mp4", 10_000, once(b"no film")), ExtractionOptions())
    for _ in range(2):  # Who does not say how much comes takes room for the most.
        await upload(ana, IncomingVideo("a.mp4", None, once(MP4)), ExtractionOptions())
    with pytest.raises(QuotaExceeded, match="service is full"):
        await upload(ana, IncomingVideo("a.mp4", None, once(MP4)), ExtractionOptions())


async def test_all_bytes_are_added_up_once_a_minute(world: World):
    ana = await world.user()
    in_all = StoredInAll(world.transactions, world.clock, len(MP4) + 10)
    await in_all.check(len(MP4))
    await world.uploaded(ana)
    await in_all.check(len(MP4))
    world.clock.advance(60)
    with pytest.raises(QuotaExceeded):
        await in_all.check(len(MP4))
    await in_all.check(10)


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content
