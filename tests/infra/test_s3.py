"""The bucket: what the contract of a storage cannot see."""

import os
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.errors import StorageError, StorageFull
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.infra.s3.upload import MIB, part_size
from tests.infra.buckets import put, storage_at, write
from tests.parts.stores import S3Part


async def test_without_keys_of_our_own_those_of_the_surroundings_are_used(
    s3: S3Part, bucket: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.secret_key)
    client = s3_client(s3.url, region="us-east-1", access_key=None, secret_key=None)
    storage = S3Storage(client, bucket, region="us-east-1", threads=1)
    await storage.ping()
    await storage.aclose()


async def test_a_disk_that_fills_up_under_way_ends_the_upload_and_gives_its_bytes_back(s3: S3Part, bucket: str):
    room = iter([True, True, True])  # For the start, and for two of three parts.

    def space(_reserves: int, _coming_bytes: int = 0, /) -> None:
        if not next(room, False):
            raise StorageFull

    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    storage = S3Storage(client, bucket, region="us-east-1", threads=4, space=space)
    with pytest.raises(StorageFull):
        await write(storage, bytes(3 * part_size(1)))
    assert [one.key async for one in storage.list("")] == []
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
    await storage.aclose()


async def test_what_is_stored_is_asked_to_be_kept_before_anybody_may_record_it(s3: S3Part, bucket: str):
    kept: list[int] = []

    async def durable() -> None:
        kept.append(client.head_object(Bucket=bucket, Key="sources/x")["ContentLength"])
        if len(kept) == 2:
            raise StorageError

    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    stored = S3Storage(client, bucket, region="us-east-1", threads=4, durable=durable)
    await write(stored, b"small")
    assert kept == [5], "it was whole by then"
    with pytest.raises(StorageError):
        await write(stored, bytes(2 * part_size(1)))
    await stored.aclose()


def test_ten_thousand_parts_are_enough_and_most_uploads_never_hold_large_ones() -> None:
    assert [part_size(number) // MIB for number in (1, 600, 601, 5000, 5001, 10_000)] == [5, 5, 16, 16, 64, 64]
    assert sum(part_size(number) for number in range(1, 10_001)) > 300 * 1024 * MIB
    assert sum(part_size(number) for number in range(1, 5_001)) > 70 * 1024 * MIB


@pytest.mark.slow
async def test_memory_does_not_grow_with_the_object(storage: S3Storage, tmp_path: Path) -> None:
    piece = os.urandom(MIB)
    tracemalloc.start()
    try:
        async with storage.writer("sources/a", "video/mp4") as writer:
            for _ in range(128):
                await writer.write(piece)
        assert tracemalloc.get_traced_memory()[1] < 25 * MIB  # Three parts of 5 MiB, and what the client needs.
        tracemalloc.reset_peak()
        await storage.download("sources/a", tmp_path / "a")
        assert tracemalloc.get_traced_memory()[1] < 5 * MIB
    finally:
        tracemalloc.stop()
    assert (tmp_path / "a").stat().st_size == 128 * MIB


async def test_an_object_keeps_its_type(storage: S3Storage, s3: S3Part, bucket: str) -> None:
    await put(storage, "results/small.jpg", b"x")
    await put(storage, "results/large.jpg", bytes(9 * MIB))
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    for key in ("results/small.jpg", "results/large.jpg"):
        assert client.head_object(Bucket=bucket, Key=key)["ContentType"] == "video/mp4"
    client.close()


async def test_making_a_bucket_that_is_there_changes_nothing(storage: S3Storage) -> None:
    await put(storage, "sources/a", b"x")
    await storage.ensure_bucket()
    assert await storage.stat("sources/a") is not None


async def test_a_missing_bucket_is_named_and_can_be_made(s3: S3Part) -> None:
    storage = storage_at(s3.url, s3, "made-by-this-test")
    try:
        with pytest.raises(StorageError, match="bucket 'made-by-this-test' does not exist at http"):
            await storage.ping()
        with pytest.raises(StorageError):  # And not ObjectMissing: the video is not lost.
            await anext(storage.read("sources/a"))
        await storage.ensure_bucket()
        await storage.ping()
    finally:
        await storage.aclose()


async def test_wrong_credentials_are_told_at_the_start(s3: S3Part, bucket: str) -> None:
    storage = storage_at(s3.url, s3, bucket, secret_key="not the secret key of this storage")
    try:
        with pytest.raises(StorageError, match="refuses these credentials"):
            await storage.ping()
    finally:
        await storage.aclose()


@pytest.mark.slow
async def test_a_storage_that_is_away_is_a_storage_error_everywhere(s3: S3Part, tmp_path: Path) -> None:
    storage = storage_at("http://127.0.0.1:9", s3, "any")
    every: list[Callable[[], Awaitable[object]]] = [
        storage.ping,
        storage.ensure_bucket,
        lambda: put(storage, "a", b"x"),
        lambda: put(storage, "a", bytes(20 * MIB)),
        lambda: storage.download("a", tmp_path / "a"),
        lambda: storage.stat("a"),
        lambda: anext(storage.read("a")),
        lambda: storage.delete(["a"]),
        lambda: anext(storage.list("a")),
        lambda: storage.abort_writes("a", datetime.now(UTC)),
    ]
    try:
        for call in every:
            with pytest.raises(StorageError):
                await call()
    finally:
        await storage.aclose()
    assert list(tmp_path.iterdir()) == []
