"""What every ``ObjectStorage`` promises of what others send in parts: the embedded one, moto's, and the twin."""

import asyncio
import base64
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from app.domain.errors import StorageError
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.usecases.ports.storage import ObjectMissing, ObjectStorage
from tests.contracts.test_storage import WallClock, content, keys, unfinished
from tests.fakes.storage import MemoryStorage
from tests.parts.stores import S3Part
from tests.parts.waiting import until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MIB = 1024**2
KEY = "sources/a"


@dataclass
class Bucket:
    """A storage, and what a client does to it who has URLs."""

    storage: ObjectStorage
    send: Callable[[str, int, bytes], object]

    async def begun(self) -> str:
        return await self.storage.begin_parts(KEY, "application/octet-stream")

    async def sent(self, upload: str, *parts: bytes) -> None:
        for number, data in enumerate(parts, 1):
            await asyncio.to_thread(self.send, upload, number, data)


def at(client: "S3Client", name: str) -> Bucket:
    def send(upload: str, number: int, data: bytes) -> None:
        client.upload_part(Bucket=name, Key=KEY, UploadId=upload, PartNumber=number, Body=data)

    return Bucket(S3Storage(client, name, region="us-east-1", threads=16), send)


@asynccontextmanager
async def opened(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Bucket]:
    if kind == "memory":
        twin = MemoryStorage(WallClock())
        yield Bucket(twin, twin.send_part)
        return
    account = mock_aws() if kind == "moto" else nullcontext()
    with account:
        url, access_key, secret_key = "https://s3.us-east-1.amazonaws.com", "a", "b"
        if kind == "s3":
            part: S3Part = request.getfixturevalue("s3")
            url, access_key, secret_key = part.url, part.access_key, part.secret_key
        client = s3_client(url, region="us-east-1", access_key=access_key, secret_key=secret_key, threads=16)
        name = f"parts-{secrets.token_hex(6)}"
        client.create_bucket(Bucket=name)
        found = at(client, name)
        yield found
        await found.storage.abort_writes("", datetime.now(UTC) + timedelta(hours=1))
        await found.storage.delete([one.key async for one in found.storage.list("")])
        client.delete_bucket(Bucket=name)
        client.close()


@pytest.fixture(params=["memory", "s3", "moto"])
async def bucket(request: pytest.FixtureRequest) -> AsyncIterator[Bucket]:
    async with opened(request.param, request) as found:
        yield found


@pytest.fixture(params=["memory", "s3"])
async def exact(request: pytest.FixtureRequest) -> AsyncIterator[Bucket]:
    """But moto's, which dates all uploads 2010, forgets their keys, and falls over one that is gone."""
    async with opened(request.param, request) as found:
        yield found


async def test_parts_become_the_object_in_the_order_of_their_numbers(bucket: Bucket):
    first, second, last = os.urandom(5 * MIB), os.urandom(5 * MIB), b"the end"
    upload = await bucket.begun()
    assert await bucket.storage.parts(KEY, upload) == []
    for number, data in ((3, last), (1, first), (2, second)):
        await asyncio.to_thread(bucket.send, upload, number, data)
    parts = await bucket.storage.parts(KEY, upload)
    assert [(part.number, part.size_bytes) for part in parts] == [(1, 5 * MIB), (2, 5 * MIB), (3, 7)]
    assert [part.md5 for part in parts] == [
        base64.b64encode(hashlib.md5(data).digest()).decode() for data in (first, second, last)
    ]
    assert await keys(bucket.storage, "") == []
    await bucket.storage.complete_parts(KEY, upload, parts)
    assert await content(bucket.storage, KEY) == first + second + last
    assert await unfinished(bucket.storage) == 0


async def test_a_part_that_is_sent_again_replaces_the_first(bucket: Bucket):
    upload = await bucket.begun()
    await bucket.sent(upload, b"first")
    sent = int(time.time())
    await until(lambda: time.time() >= sent + 1)  # Storages date a part by the second, and the later one counts.
    await bucket.sent(upload, b"the second")
    parts = await bucket.storage.parts(KEY, upload)
    assert [(part.number, part.size_bytes) for part in parts] == [(1, 10)]
    await bucket.storage.complete_parts(KEY, upload, parts)
    assert await content(bucket.storage, KEY) == b"the second"


async def test_parts_of_ours_become_the_object_like_those_of_others(bucket: Bucket):
    first, last = os.urandom(5 * MIB), b"the end"
    upload = await bucket.begun()
    await bucket.storage.put_part(KEY, upload, 2, last)
    await bucket.storage.put_part(KEY, upload, 1, first)
    parts = await bucket.storage.parts(KEY, upload)
    assert [(part.number, part.size_bytes) for part in parts] == [(1, 5 * MIB), (2, 7)]
    await bucket.storage.complete_parts(KEY, upload, parts)
    assert await content(bucket.storage, KEY) == first + last


async def test_a_part_of_ours_to_an_upload_that_has_ended_is_an_error(exact: Bucket):
    upload = await bucket_aborted(exact)
    with pytest.raises(StorageError):
        await exact.storage.put_part(KEY, upload, 1, b"a part")
    assert await keys(exact.storage, "") == []


async def bucket_aborted(bucket: Bucket) -> str:
    upload = await bucket.begun()
    await bucket.storage.abort_parts(KEY, upload)
    return upload


async def test_ten_completions_at_once_and_one_more_make_one_whole_object(exact: Bucket):
    data = os.urandom(5 * MIB)
    upload = await exact.begun()
    await exact.sent(upload, data, data[:1000])
    parts = await exact.storage.parts(KEY, upload)
    await asyncio.gather(*(exact.storage.complete_parts(KEY, upload, parts) for _ in range(10)))
    await exact.storage.complete_parts(KEY, upload, parts)
    assert await content(exact.storage, KEY) == data + data[:1000]
    with pytest.raises(ObjectMissing):
        await exact.storage.parts(KEY, upload)


async def test_what_was_aborted_has_no_parts_and_becomes_nothing(exact: Bucket):
    upload = await exact.begun()
    await exact.sent(upload, b"some")
    parts = await exact.storage.parts(KEY, upload)
    await exact.storage.abort_parts(KEY, upload)
    await exact.storage.abort_parts(KEY, upload)
    with pytest.raises(ObjectMissing):
        await exact.storage.parts(KEY, upload)
    await exact.storage.complete_parts(KEY, upload, parts)
    assert await exact.storage.stat(KEY) is None
    assert await unfinished(exact.storage) == 0


async def test_an_upload_is_one_of_its_own_key_alone(exact: Bucket):
    upload = await exact.begun()
    with pytest.raises(ObjectMissing):
        await exact.storage.parts("sources/another", upload)


async def test_parts_that_nobody_completes_are_aborted_when_they_are_old(exact: Bucket):
    upload = await exact.begun()
    await exact.sent(upload, b"some")
    past, future = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    assert await exact.storage.abort_writes(KEY, past) == 0
    assert await exact.storage.abort_writes("results/", future) == 0
    assert await exact.storage.abort_writes(KEY, future) == 1
    with pytest.raises(ObjectMissing):
        await exact.storage.parts(KEY, upload)
