"""What all ``ObjectWriters`` promise: the bucket's, its twin's in memory, and those of files."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.infra.files import Files
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.usecases.ports.storage import ObjectStorage, ObjectWriters
from tests.fakes.storage import MemoryStorage
from tests.parts.stores import S3Part

MIB = 1024**2
KEY = "a"


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Place:
    """Where objects are written to: what of them there is, whole or not, and what is in one."""

    writers: ObjectWriters
    found: Callable[[], Awaitable[Collection[str]]]
    read: Callable[[str], Awaitable[bytes]]


def of_storage(storage: ObjectStorage) -> Place:
    async def found() -> Collection[str]:
        unfinished = await storage.unfinished_writes("", datetime.now(UTC) + timedelta(hours=1))
        return [*[one.key async for one in storage.list("")], *(f"{key}, unfinished" for key, _ in unfinished)]

    async def read(key: str) -> bytes:
        return b"".join([piece async for piece in storage.read(key)])

    return Place(storage, found, read)


def of_files(folder: Path) -> Place:
    async def found() -> Collection[str]:
        names = {path.name for path in folder.iterdir()}
        return [f"{KEY}, unfinished" if name.endswith(".part") else name for name in names]

    async def read(key: str) -> bytes:
        return (folder / key).read_bytes()

    return Place(Files(lambda key: folder / key), found, read)


@pytest.fixture(params=["memory", "s3", "files"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "memory":
        yield of_storage(MemoryStorage(WallClock()))
    elif request.param == "files":
        yield of_files(tmp_path)
    else:
        part: S3Part = request.getfixturevalue("s3")
        client = s3_client(
            part.url, region="us-east-1", access_key=part.access_key, secret_key=part.secret_key, threads=16
        )
        storage = S3Storage(client, request.getfixturevalue("bucket"), region="us-east-1", threads=16)
        yield of_storage(storage)
        await storage.aclose()


async def fail_while_writing(place: Place, size: int) -> None:
    async with place.writers.writer(KEY, "video/mp4") as writer:
        await writer.write(bytes(size))
        raise ZeroDivisionError


async def test_an_object_appears_only_when_it_is_whole(place: Place):
    async with place.writers.writer(KEY, "video/mp4") as writer:
        await writer.write(bytes(20 * MIB))
        assert KEY not in await place.found()
    assert await place.found() == [KEY]
    assert await place.read(KEY) == bytes(20 * MIB)


async def test_the_bytes_are_taken_at_once_so_that_a_buffer_can_be_used_again(place: Place):
    buffer = bytearray(MIB)
    async with place.writers.writer(KEY, "video/mp4") as writer:
        for value in range(20):
            buffer[:] = bytes([value]) * MIB
            await writer.write(memoryview(buffer))
    assert await place.read(KEY) == b"".join(bytes([value]) * MIB for value in range(20))


@pytest.mark.parametrize("size", [10, 30 * MIB])
async def test_an_error_while_writing_leaves_nothing(place: Place, size: int):
    with pytest.raises(ZeroDivisionError):
        await fail_while_writing(place, size)
    assert await place.found() == []


@pytest.mark.parametrize("size", [10, 30 * MIB])
async def test_a_cancelled_writer_leaves_nothing(place: Place, size: int):
    written = asyncio.Event()

    async def write() -> None:
        async with place.writers.writer(KEY, "video/mp4") as writer:
            await writer.write(bytes(size))
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await place.found() == []


async def test_a_failed_rewrite_leaves_the_old_object(place: Place):
    async with place.writers.writer(KEY, "video/mp4") as writer:
        await writer.write(b"old")
    with pytest.raises(ZeroDivisionError):
        await fail_while_writing(place, 20 * MIB)
    assert await place.read(KEY) == b"old"


async def test_a_rewritten_object_is_the_new_one(place: Place):
    for content in (b"a longer old one", b"new"):
        async with place.writers.writer(KEY, "video/mp4") as writer:
            await writer.write(content)
    assert await place.read(KEY) == b"new"
    assert await place.found() == [KEY]


async def test_memory_holds_some_parts_at_most(place: Place):
    async with place.writers.writer(KEY, "video/mp4") as writer:
        for _ in range(20):
            await writer.write(bytes(MIB))
            assert 0 <= writer.buffered <= 15 * MIB
