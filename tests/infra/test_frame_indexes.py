"""The index beside a ZIP, and the manifest where there is none: how much is read, kept and believed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from app.domain.errors import FramesUnreadable, StorageError
from app.domain.frame import ArchivedFrame, Frame
from app.domain.manifest import file_name_at
from app.domain.options import ImageFormat
from app.domain.video import FramesArchive
from app.infra.frame_indexes import StoredFrameIndexes
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.infra.zip import StoredZip
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.ports.storage import ObjectMissing, ObjectStorage
from tests.fakes.clock import SettableClock
from tests.fakes.extractor import ScriptedExtractor
from tests.fakes.storage import MemoryStorage
from tests.parts.pictures import manifest_of, many
from tests.parts.stores import S3Part
from tests.parts.videos import a_video, new_owner


class Counting(MemoryStorage):
    """The bucket's twin, which remembers what was read of which object."""

    def __init__(self) -> None:
        super().__init__(SettableClock())
        self.reads: list[tuple[str, int]] = []

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for piece in super().read(key, start, end):
                size += len(piece)
                await asyncio.sleep(0)
                yield piece
        finally:
            if size:
                self.reads.append((key, size))


@pytest.fixture
def storage() -> Counting:
    return Counting()


async def archived_in(storage: ObjectStorage, frames: Sequence[Frame]) -> FramesArchive:
    video = a_video(new_owner(), attempt=1)
    async with ScriptedExtractor(frames).open(Path("source"), video.options) as (media, extraction):
        return await GenerateZipFile(storage, StoredZip, 2**30, 10**6)(video, media, extraction)


async def archived(storage: MemoryStorage, frames: Sequence[Frame], *, indexed: bool = True) -> FramesArchive:
    """Let a worker make a ZIP, as this version does, or as former ones did."""
    archive = await archived_in(storage, frames)
    if not indexed:
        del storage.objects[archive.index_key]
    return archive


def by_manifest(storage: MemoryStorage, archive: FramesArchive) -> list[dict[str, object]]:
    """What the manifest says, read by Python's own readers of ZIPs and JSON."""
    return manifest_of(storage.objects[archive.key].data)["frames"]  # type: ignore[no-any-return]


def told(frames: Sequence[ArchivedFrame]) -> list[dict[str, object]]:
    """The same of what was found, in the manifest's names."""
    return [
        {
            "file": file_name_at(frame.index, frame.name_milliseconds, ImageFormat.JPEG),
            "number": frame.number,
            "timeSeconds": frame.time_seconds,
            "untilSeconds": frame.until_seconds,
            "instants": [frame.instant_seconds],
            "width": frame.width,
            "height": frame.height,
            "sizeBytes": frame.size_bytes,
            "sha256": frame.sha256,
            "range": {"first": frame.offset, "last": frame.offset + frame.size_bytes - 1},
        }
        for frame in frames
    ]


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("count", [1, 2, 511, 512, 513, 1500])
async def test_each_picture_is_told_as_the_manifest_tells_it(storage: Counting, count: int, *, indexed: bool):
    archive = await archived(storage, list(many(count)), indexed=indexed)
    indexes, expected = StoredFrameIndexes(storage), by_manifest(storage, archive)
    assert told(await indexes.frames(archive, 1, count)) == expected
    assert told(await indexes.frames(archive, count, count)) == expected[-1:]
    assert told(await indexes.frames(archive, count // 2 + 1, count)) == expected[count // 2 :]
    assert await indexes.frames(archive, 2, 1) == []
    data = storage.objects[archive.key].data
    for frame in await indexes.frames(archive, 1, count):
        picture = data[frame.offset : frame.offset + frame.size_bytes]
        assert hashlib.sha256(picture).hexdigest() == frame.sha256


@pytest.mark.parametrize("indexed", [True, False])
async def test_the_picture_of_any_time_is_the_one_that_a_walk_through_all_finds(storage: Counting, *, indexed: bool):
    film = list(many(1300))
    archive = await archived(storage, film, indexed=indexed)
    indexes = StoredFrameIndexes(storage)
    for time in (0, 0.039, 0.04, 20.4399, 20.44, 20.48, 40.92, 40.96, 40.9600001, 51.96, 9999):
        frame = await indexes.at(archive, time)
        assert frame is not None
        assert frame.number == max(one.number for one in film if one.time_seconds <= time), time
    later = await archived(storage, film[700:], indexed=indexed)
    assert await indexes.at(later, 27.9) is None


async def test_a_page_reads_the_records_of_its_pictures_and_a_time_those_of_a_block(storage: Counting):
    archive = await archived(storage, list(many(1500)))
    indexes = StoredFrameIndexes(storage)
    await indexes.frames(archive, 901, 1000)
    await indexes.at(archive, 41.0)
    assert storage.reads == [(archive.index_key, 8800), (archive.index_key, 3 * 8), (archive.index_key, 476 * 88)]


async def test_a_manifest_is_read_once_for_all_who_ask_and_for_all_pages(storage: Counting):
    archive = await archived(storage, list(many(3000)), indexed=False)
    indexes = StoredFrameIndexes(storage)
    pages = await asyncio.gather(*(indexes.frames(archive, first, first + 99) for first in range(1, 3000, 100)))
    assert [frame.index for page in pages for frame in page] == list(range(1, 3001))
    await indexes.at(archive, 17.0)
    whole = max(size for _, size in storage.reads)
    assert sorted(storage.reads) == [(archive.key, 512), (archive.key, whole)]
    assert whole < archive.size_bytes


async def test_one_who_goes_away_takes_the_index_from_nobody(storage: Counting):
    archive = await archived(storage, list(many(2000)), indexed=False)
    indexes = StoredFrameIndexes(storage)
    asking = [asyncio.create_task(indexes.frames(archive, 1, 1)) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking[0].cancel()
    assert len(await asking[1]) == 1
    assert asking[0].cancelled()


async def test_what_is_kept_of_manifests_has_a_bound_and_the_oldest_goes(storage: Counting):
    archives = [await archived(storage, list(many(100)), indexed=False) for _ in range(3)]
    indexes = StoredFrameIndexes(storage, most_kept_bytes=2 * (100 * 88 + 24))

    async def asked(archive: FramesArchive) -> bool:
        """Ask for a picture; return whether the manifest was read for it."""
        storage.reads.clear()
        await indexes.frames(archive, 1, 1)
        return bool(storage.reads)

    first, second, third = archives
    assert [await asked(one) for one in (first, second, first, second, third)] == [True, True, False, False, True]
    assert [await asked(one) for one in (second, third, first)] == [False, False, True]


async def test_an_archive_beyond_the_bound_is_told_all_the_same(storage: Counting):
    archive = await archived(storage, list(many(100)), indexed=False)
    indexes = StoredFrameIndexes(storage, most_kept_bytes=1000)
    for _ in range(2):
        assert len(await indexes.frames(archive, 1, 100)) == 100


async def test_a_storage_that_was_away_is_asked_again(storage: Counting):
    archive = await archived(storage, list(many(10)), indexed=False)
    indexes = StoredFrameIndexes(storage)
    storage.away = True
    with pytest.raises(StorageError):
        await indexes.frames(archive, 1, 1)
    storage.away = False
    assert len(await indexes.frames(archive, 1, 1)) == 1
    storage.objects.clear()
    with pytest.raises(ObjectMissing):
        await StoredFrameIndexes(storage).frames(archive, 1, 1)


@pytest.mark.parametrize("damage", ["no zip", "cut", "another count", "short index"])
async def test_what_does_not_fit_is_refused_and_told_to_operators(storage: Counting, damage: str):
    archive = await archived(storage, list(many(600)), indexed=damage == "short index")
    stored = storage.objects[archive.index_key if damage == "short index" else archive.key]
    match damage:
        case "no zip":
            stored.data = bytes(archive.size_bytes)
        case "cut":
            stored.data = stored.data[:-1]
        case "another count":
            archive = replace(archive, frame_count=599)
        case _:
            stored.data = stored.data[:-1]
    with structlog.testing.capture_logs() as logs, pytest.raises(FramesUnreadable):
        await StoredFrameIndexes(storage).frames(archive, 1, archive.frame_count)
    assert [(line["log_level"], line["key"]) for line in logs] == [("error", archive.key)]


async def test_the_real_storage_says_that_there_is_no_index_and_its_manifest_is_read(s3: S3Part, bucket: str):
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key, threads=4)
    real = S3Storage(client, bucket, region="us-east-1", threads=4)
    try:
        archive = await archived_in(real, list(many(1100)))
        by_index = await StoredFrameIndexes(real).frames(archive, 1, 1100)
        at = await StoredFrameIndexes(real).at(archive, 30.0)
        await real.delete([archive.index_key])
        assert await StoredFrameIndexes(real).frames(archive, 1, 1100) == by_index
        assert await StoredFrameIndexes(real).at(archive, 30.0) == at == by_index[750]
        await real.delete([archive.key])
        with pytest.raises(ObjectMissing):
            await StoredFrameIndexes(real).frames(archive, 1, 1)
    finally:
        await real.aclose()
