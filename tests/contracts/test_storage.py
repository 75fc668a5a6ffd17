"""What every ``ObjectStorage`` promises: the bucket and its twin in memory tell the same stories.

What its writers promise, as those of files do, is in ``test_object_writers.py``.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.errors import StorageError
from app.domain.video import archive_key, new_video_id, source_key
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.infra.sql.transactions import SqlTransactions
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.ports.storage import ObjectMissing, ObjectStorage
from tests.fakes.storage import MemoryStorage
from tests.parts.stores import S3Part
from tests.usecases.world import World

MIB = 1024**2


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(params=["memory", "s3"])
async def storage(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStorage]:
    if request.param == "memory":
        yield MemoryStorage(WallClock())
        return
    part: S3Part = request.getfixturevalue("s3")
    client = s3_client(part.url, region="us-east-1", access_key=part.access_key, secret_key=part.secret_key, threads=16)
    storage = S3Storage(client, request.getfixturevalue("bucket"), region="us-east-1", threads=16)
    yield storage
    await storage.aclose()


async def put(storage: ObjectStorage, key: str, data: bytes, step: int = 1_000_003) -> None:
    async with storage.writer(key, "application/octet-stream") as writer:
        for at in range(0, len(data), step):
            await writer.write(data[at : at + step])


async def content(storage: ObjectStorage, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in storage.read(key, start, end)])


async def keys(storage: ObjectStorage, prefix: str) -> list[str]:
    return [found.key async for found in storage.list(prefix)]


async def unfinished(storage: ObjectStorage) -> int:
    return await storage.abort_writes("", datetime.now(UTC) + timedelta(hours=1))


@pytest.mark.parametrize("size", [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 41 * MIB])
async def test_what_was_written_is_what_is_read(storage: ObjectStorage, size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    await put(storage, "sources/a", data)
    found = await storage.stat("sources/a")
    assert found is not None
    assert (found.key, found.size_bytes) == ("sources/a", size)
    assert abs(datetime.now(UTC) - found.modified_at) < timedelta(minutes=1)
    assert await content(storage, "sources/a") == data
    await storage.download("sources/a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == data
    assert await unfinished(storage) == 0


@pytest.mark.parametrize(
    ("start", "end"), [(0, 10), (5, None), (5, 6), (999_990, 2_000_000), (1_000_000, None), (2_000_000, None), (3, 3)]
)
async def test_a_range_gives_its_bytes_as_far_as_there_are_any(
    storage: ObjectStorage, start: int, end: int | None
) -> None:
    data = os.urandom(1_000_000)
    await put(storage, "results/a/1.zip", data)
    assert await content(storage, "results/a/1.zip", start, end) == data[start:end]


async def test_an_object_is_read_in_pieces_and_a_reader_may_leave_early(storage: ObjectStorage) -> None:
    await put(storage, "sources/a", os.urandom(3 * MIB))
    sizes = [len(piece) async for piece in storage.read("sources/a")]
    assert len(sizes) > 1
    assert max(sizes) <= MIB
    reading = storage.read("sources/a")
    assert await anext(reading)
    await reading.aclose()  # type: ignore[attr-defined]  # An async generator, as callers may rely on.
    assert await storage.stat("sources/a")


async def test_what_is_not_there_is_missing(storage: ObjectStorage, tmp_path: Path) -> None:
    assert await storage.stat("sources/none") is None
    with pytest.raises(ObjectMissing):
        await storage.download("sources/none", tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ObjectMissing):
        await anext(storage.read("sources/none"))


async def test_only_we_may_read_a_downloaded_file(storage: ObjectStorage, tmp_path: Path) -> None:
    await put(storage, "sources/a", b"short")
    file = tmp_path / "a"
    file.write_bytes(b"what was there before was longer")
    file.chmod(0o644)
    await storage.download("sources/a", file)
    assert file.read_bytes() == b"short"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_an_error_of_the_local_disk_is_not_reported_as_one_of_the_storage(
    storage: ObjectStorage, tmp_path: Path
) -> None:
    await put(storage, "sources/a", b"x")
    with pytest.raises(FileNotFoundError):
        await storage.download("sources/a", tmp_path / "no such folder" / "a")


async def test_deleting_objects_ignores_those_that_are_gone_already(storage: ObjectStorage) -> None:
    for name in ("a", "b", "c"):
        await put(storage, f"sources/{name}", b"x")
    await storage.delete([])
    await storage.delete(["sources/a", "sources/none", "sources/c"])
    await storage.delete(["sources/a"])
    assert await keys(storage, "") == ["sources/b"]


@pytest.mark.slow
async def test_a_thousand_and_more_are_listed_and_deleted(storage: ObjectStorage) -> None:
    names = [f"results/{number:04d}/1 é+&.zip" for number in range(1_005)]
    for at in range(0, len(names), 50):
        await asyncio.gather(*(put(storage, name, b"x") for name in names[at : at + 50]))
    await put(storage, "results-of-another/1.zip", b"x")
    assert await keys(storage, "results/") == names
    await storage.delete(names)
    assert await keys(storage, "") == ["results-of-another/1.zip"]


async def test_unfinished_writes_are_aborted_when_they_are_old(storage: ObjectStorage) -> None:
    past, future = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)

    async def write_too_long() -> None:
        async with storage.writer("results/a/1.zip", "application/zip") as writer:
            await writer.write(bytes(20 * MIB))
            assert await storage.unfinished_writes("results/", past) == []
            assert await storage.unfinished_writes("sources/", future) == []
            ((key, began_at),) = await storage.unfinished_writes("results/", future)
            assert key == "results/a/1.zip"
            assert past < began_at < future
            assert await storage.abort_writes("results/", past) == 0
            assert await storage.abort_writes("sources/", future) == 0
            assert await storage.abort_writes("results/", future) == 1

    with pytest.raises(StorageError):
        await write_too_long()
    assert await storage.stat("results/a/1.zip") is None
    assert await unfinished(storage) == 0


async def test_a_writer_says_what_it_still_has_in_memory(storage: ObjectStorage):
    async with storage.writer("sources/a", "video/mp4") as writer:
        await writer.write(bytes(1000))
        assert writer.buffered == 1000
        for _ in range(12):
            await writer.write(bytes(MIB))
            assert 0 <= writer.buffered <= 15 * MIB


async def test_a_listing_goes_on_behind_any_key_there_or_not(storage: ObjectStorage) -> None:
    for name in ("sources/a", "sources/c", "sources/e", "results/d/1.zip"):
        await put(storage, name, b"x")
    for after, expected in (
        ("", "ace"),
        ("sources/a", "ce"),
        ("sources/b", "ce"),
        ("sources/e", ""),
        ("results/", "ace"),
    ):
        found = [one.key async for one in storage.list("sources/", after=after)]
        assert found == [f"sources/{letter}" for letter in expected]


async def test_housekeeping_walks_a_bucket_in_slices_and_forgets_no_part_of_it(
    storage: ObjectStorage, sqlite_engine: AsyncEngine
) -> None:
    world = World.on(SqlTransactions(sqlite_engine))
    videos = [new_video_id() for _ in range(7)]
    for video in videos:
        await put(storage, source_key(video), b"x")
        await put(storage, archive_key(video, 1), b"x")
    world.clock.advance((datetime.now(UTC) - world.clock.now()).total_seconds() + 3600)
    collect = CollectGarbage(
        world.transactions, storage, world.clock, timedelta(), timedelta(), timedelta(), most_objects=5
    )
    assert [await collect() for _ in range(4)] == [5, 5, 4, 0]
    assert await keys(storage, "") == []
    await put(storage, source_key(videos[0]), b"x")  # Behind the place that was reached, or before it.
    assert await collect() == 1


async def test_garbage_collection_gets_past_objects_that_are_kept(
    storage: ObjectStorage, sqlite_engine: AsyncEngine
) -> None:
    """Were each run to begin where the first did, what lies behind a slice of kept objects would lie there for ever."""
    world = World.on(SqlTransactions(sqlite_engine))
    world.max_active = 7
    ana = await world.user()
    kept = [(await world.uploaded(ana)).source_key for _ in range(7)]
    for key in (*kept, *(source_key(new_video_id()) for _ in range(7))):
        await put(storage, key, b"x")
    world.clock.advance((datetime.now(UTC) - world.clock.now()).total_seconds() + 3600)
    collect = CollectGarbage(
        world.transactions, storage, world.clock, timedelta(), timedelta(), timedelta(), most_objects=5
    )
    assert sum([await collect() for _ in range(3)]) == 7
    assert await keys(storage, "") == sorted(kept)
