"""What is stored of a storyboard while the pictures of a video are made, and who hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.domain.errors import StorageError
from app.domain.failure import Failure, FailureCode
from app.domain.storyboard import Storyboard
from app.domain.video import ProcessingStatus, VideoId, storyboard_key
from app.infra.zip import StoredZip
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.hold_lease import AttemptState, HoldLease
from app.usecases.ports.live_status import LiveTile
from app.usecases.ports.storage import ObjectWriter
from tests.fakes.clock import SettableClock
from tests.fakes.extractor import ScriptedExtractor, a_sheet
from tests.fakes.storage import MemoryStorage
from tests.parts.pictures import many
from tests.parts.videos import a_video, new_owner
from tests.parts.waiting import until
from tests.usecases.world import LEASE, World


class NoSheets(MemoryStorage):
    """A storage that takes everything but one file."""

    def __init__(self, refused: str) -> None:
        super().__init__(SettableClock())
        self._refused = refused

    @asynccontextmanager
    async def writer(self, key: str, content_type: str) -> AsyncIterator[ObjectWriter]:
        if key.endswith(self._refused):
            raise StorageError
        async with super().writer(key, content_type) as writer:
            yield writer


async def made(storage: MemoryStorage, files: int) -> tuple[list[Storyboard | None], str | None]:
    """Make a ZIP of so many pictures; return what was told of its storyboard meanwhile, and its contact sheet."""
    told: list[Storyboard | None] = []
    video = a_video(new_owner(), id=VideoId("v"), attempt=2)
    async with ScriptedExtractor(list(many(files))).open(Path("source"), video.options) as (media, extraction):
        archive = await GenerateZipFile(storage, StoredZip, 2**30, 200)(video, media, extraction, told.append)
    assert archive.frame_count == files
    return told, archive.contact_sheet_key


async def test_each_sheet_is_stored_and_told_of_when_it_is_finished_and_the_webvtt_at_last():
    storage = MemoryStorage(SettableClock())
    told, contact_sheet = await made(storage, 250)
    sizes = [len(a_sheet(number)) for number in range(3)]
    assert [(one.attempt, one.files, list(one.sheet_bytes)) for one in told if one] == [
        (2, 250, sizes[:1]), (2, 250, sizes[:2]), (2, 250, sizes), (2, 250, sizes),
    ]  # fmt: skip
    text = storage.objects["results/v/2.storyboard.vtt"].data
    assert [one and one.track_bytes for one in told] == [None, None, None, len(text)]
    assert text.count(b"-->") == 250
    # The film lasts three seconds, and its pictures go on to ten.
    assert text.endswith(b"00:00:09.960 --> 00:00:10.000\nstoryboard-3.jpg#xywh=1440,272,160,68\n")
    assert [storage.objects[f"results/v/2.storyboard-{number}.jpg"].data for number in (1, 2, 3)] == [
        a_sheet(0), a_sheet(1), a_sheet(2),
    ]  # fmt: skip
    assert contact_sheet == "results/v/2.storyboard-1.jpg"


async def test_a_storyboard_that_cannot_be_stored_costs_no_zip():
    for refused in ("storyboard-1.jpg", "storyboard-2.jpg", "storyboard.vtt"):
        storage = NoSheets(refused)
        told, contact_sheet = await made(storage, 150)
        assert contact_sheet is None
        assert told == [] or told[-1] is None
        assert "results/v/2.zip" in storage.objects


async def test_the_row_knows_of_finished_sheets_while_the_work_goes_on_and_a_new_attempt_begins_without(world: World):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    board = Storyboard.of(250, (160, 90), attempt=held.attempt)
    attempt = AttemptState(storyboard=board)
    holding = asyncio.create_task(
        HoldLease(world.transactions, world.live, world.clock, LEASE, LEASE / 3)(held, attempt)
    )
    await asyncio.sleep(0)  # It begins with the time as it is.
    world.clock.advance(6)

    async def known() -> bool:
        return (await world.row(video.id)).storyboard == board

    await until(known)
    holding.cancel()
    world.clock.advance(60)
    again = (await world.claimed(video.id)).video
    assert (again.attempt, again.storyboard) == (2, None)
    assert (await world.row(video.id)).storyboard is None
    assert await world.complete(again, world.archive(again), None, Storyboard.of(3, (160, 90), attempt=2))
    assert (await world.row(video.id)).storyboard == Storyboard.of(3, (160, 90), attempt=2)


async def test_a_failed_video_has_no_storyboard_and_housekeeping_takes_its_sheets(world: World):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    board = Storyboard.of(250, (160, 90), attempt=1)
    sheet = storyboard_key(video.id, 1, "storyboard-1.jpg")
    async with world.storage.writer(sheet, "image/jpeg") as writer:
        await writer.write(b"a sheet")
    await world.transactions.write(
        lambda t: t.videos.heartbeat(
            video.id, 1, until=world.clock.now() + LEASE, progress=held.progress, media=None, storyboard=board
        )
    )
    assert await world.mark_failed(held, Failure(FailureCode.CORRUPT_VIDEO, "It is damaged."))
    row = await world.row(video.id)
    assert (row.status, row.storyboard) == (ProcessingStatus.FAILED, None)
    world.clock.advance(2 * 3600)
    await world.collect_garbage()
    assert sheet not in world.storage.objects


async def test_housekeeping_leaves_all_that_a_completed_video_shows(world: World):
    video = await world.uploaded(await world.user())
    assert await world.attempt_video(ScriptedExtractor(list(many(250))))(video.id) is None
    stray = storyboard_key(video.id, 1, "storyboard-4.jpg")
    async with world.storage.writer(stray, "image/jpeg") as writer:
        await writer.write(b"a sheet too many")
    world.clock.advance(3 * 86_400)
    await world.collect_garbage()
    names = ("zip", "frames", "storyboard-1.jpg", "storyboard-2.jpg", "storyboard-3.jpg", "storyboard.vtt")
    assert set(world.storage.objects) == {video.source_key, *(f"results/{video.id}/1.{name}" for name in names)}


async def test_the_newest_small_picture_is_published_where_somebody_wants_it(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    held = (await world.claimed(video.id)).video
    newest, asked = b"\xff\xd8 a small picture", list[bytes]()

    def latest() -> bytes:
        asked.append(newest)
        return newest

    attempt = AttemptState(latest_tile=latest)
    holding = asyncio.create_task(
        HoldLease(world.transactions, world.live, world.clock, LEASE, LEASE / 3)(held, attempt)
    )
    async with world.live.watch_tiles(ana.id) as tiles:
        found: list[bytes] = []

        async def came() -> bool:
            found.extend(filter(None, [tiles.newest(held)]))
            return bool(found)

        await until(came)
        assert found == [newest]
        newest = b"\xff\xd8" + bytes(6 * 1024)  # Too large to travel.
        await until(lambda: asked.count(newest) > 1)
        assert tiles.newest(held) is None
    holding.cancel()


async def test_a_small_picture_of_another_attempt_is_never_shown_as_one_of_the_present_one(world: World):
    ana = await world.user()
    video = await world.uploaded(ana)
    held = (await world.claimed(video.id)).video
    tile = b"\xff\xd8"
    async with world.live.watch_tiles(ana.id) as tiles:
        world.clock.advance(60)
        again = (await world.claimed(video.id)).video
        await world.live.publish_tile(ana.id, LiveTile(video.id, held.attempt, tile))
        assert tiles.newest(again) is None
        await world.live.publish_tile(ana.id, LiveTile(video.id, again.attempt, tile))
        assert tiles.newest(held) is None  # What is known of the video is older: it is kept for what comes.
        assert tiles.newest(again) == tile
        assert tiles.newest(again) is None
