"""The bucket behind a line that is cut for longer than the client's own tries last."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.errors import StorageError
from app.infra.s3.storage import S3Storage
from app.infra.s3.upload import MIB
from tests.faults.campaign.line import Line
from tests.infra.buckets import put, storage_at
from tests.parts.stores import S3Part

CUT_SECONDS = 5.0
"""The client's own three tries are over within three seconds."""


@pytest.fixture
async def line(s3: S3Part) -> AsyncIterator[Line]:
    async with Line(urlsplit(s3.url).port or 0).running() as line:
        yield line


def cut_for(line: Line, seconds: float) -> None:
    line.cut()
    asyncio.get_running_loop().call_later(seconds, line.mend)


@pytest.mark.slow
async def test_an_upload_goes_on_after_a_cut_that_outlasts_the_clients_own_tries(
    storage: S3Storage, s3: S3Part, bucket: str, line: Line
) -> None:
    through = storage_at(f"http://127.0.0.1:{line.port}", s3, bucket, retry_seconds=30)
    data = os.urandom(24 * MIB)
    async with through.writer("results/a", "application/zip") as writer:
        for at in range(0, len(data), 6 * MIB):
            await writer.write(data[at : at + 6 * MIB])  # No byte of it is written twice.
            if at == 6 * MIB:
                cut_for(line, CUT_SECONDS)
    assert b"".join([piece async for piece in storage.read("results/a")]) == data
    await through.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 12 * MIB])
async def test_the_first_and_the_last_request_of_an_upload_outlast_a_cut(
    storage: S3Storage, s3: S3Part, bucket: str, line: Line, size: int
) -> None:
    through = storage_at(f"http://127.0.0.1:{line.port}", s3, bucket, retry_seconds=30)
    cut_for(line, CUT_SECONDS)
    async with through.writer("results/a", "application/zip") as writer:
        await writer.write(bytes(size))
        await asyncio.sleep(CUT_SECONDS + 3 if size > MIB else 0)
        cut_for(line, CUT_SECONDS)
    found = await storage.stat("results/a")
    assert found is not None
    assert found.size_bytes == size
    await through.aclose()


@pytest.mark.slow
async def test_a_download_goes_on_after_a_cut_that_outlasts_the_clients_own_tries(
    storage: S3Storage, s3: S3Part, bucket: str, line: Line, tmp_path: Path
) -> None:
    data = os.urandom(24 * MIB)
    await put(storage, "sources/a", data)
    through = storage_at(f"http://127.0.0.1:{line.port}", s3, bucket, retry_seconds=30)
    line.delay_seconds = 0.02
    download = asyncio.create_task(through.download("sources/a", tmp_path / "a"))
    async with asyncio.timeout(10):
        while not ((tmp_path / "a").exists() and (tmp_path / "a").stat().st_size > 4 * MIB):
            await asyncio.sleep(0.01)
    cut_for(line, CUT_SECONDS)
    await download
    assert (tmp_path / "a").read_bytes() == data
    await through.aclose()


async def test_an_upload_that_is_given_up_waits_for_no_cut_to_end(s3: S3Part, bucket: str, line: Line) -> None:
    through = storage_at(f"http://127.0.0.1:{line.port}", s3, bucket, retry_seconds=300)

    async def write() -> None:
        async with through.writer("results/a", "application/zip") as writer:
            line.cut()
            await writer.write(bytes(24 * MIB))

    task = asyncio.create_task(write())
    async with asyncio.timeout(10):
        while not line.refuses:
            await asyncio.sleep(0.01)
    task.cancel()
    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 6
    await through.aclose()


async def test_what_a_storage_refuses_is_not_asked_for_again(s3: S3Part, bucket: str) -> None:
    wrong = storage_at(s3.url, s3, bucket, secret_key="wrong", retry_seconds=300)
    async with asyncio.timeout(10):
        with pytest.raises(StorageError):
            await put(wrong, "results/a", b"x")
    await wrong.aclose()
