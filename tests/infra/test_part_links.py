"""URLs that take one part each, on the real storage: what they take, and what they refuse."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import requests
from moto import mock_aws

from app.infra.links import PresignedParts
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.usecases.ports.storage import PartToSend
from tests.parts.stores import S3Part

KEY = "sources/a"
DATA = os.urandom(100_000)


def md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data).digest()).decode()


@dataclass
class Upload:
    """An upload in parts, and a client who has no more than URLs."""

    storage: S3Storage
    links: PresignedParts
    name: str
    http: httpx.AsyncClient

    async def url(self, number: int = 1, size: int = len(DATA), md5: str | None = None) -> str:
        (url,), _ = await self.links.links(KEY, self.name, [PartToSend(number, size, md5)], datetime.now(UTC))
        return url

    async def stored(self) -> list[tuple[int, int]]:
        return [(part.number, part.size_bytes) for part in await self.storage.parts(KEY, self.name)]


@pytest.fixture
async def upload(s3: S3Part, bucket: str) -> AsyncIterator[Upload]:
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key, threads=4)
    storage = S3Storage(client, bucket, region="us-east-1", threads=4)
    async with httpx.AsyncClient(trust_env=False) as http:
        name = await storage.begin_parts(KEY, "application/octet-stream")
        yield Upload(storage, PresignedParts(client, bucket, lifetime_seconds=300), name, http)
        await storage.abort_parts(KEY, name)
    await storage.aclose()


async def test_a_part_goes_to_its_url_without_any_other_leave(upload: Upload):
    answer = await upload.http.put(await upload.url(3), content=DATA)
    assert answer.status_code == 200
    assert await upload.stored() == [(3, len(DATA))]


async def test_amazons_url_leads_to_the_buckets_own_host_and_motos_s3_takes_it():
    with mock_aws():
        client = s3_client("https://s3.us-east-1.amazonaws.com", region="us-east-1", access_key="a", secret_key="b")
        client.create_bucket(Bucket="videos")
        name = client.create_multipart_upload(Bucket="videos", Key=KEY)["UploadId"]
        links = PresignedParts(client, "videos", lifetime_seconds=300)
        (url,), _ = await links.links(KEY, name, [PartToSend(2, len(DATA), md5(DATA))], datetime.now(UTC))
        assert urlsplit(url).netloc == "videos.s3.us-east-1.amazonaws.com"
        answer = await asyncio.to_thread(requests.put, url, DATA, headers={"Content-MD5": md5(DATA)}, timeout=10)
        assert answer.status_code == 200
        (part,) = client.list_parts(Bucket="videos", Key=KEY, UploadId=name)["Parts"]
        assert (part["PartNumber"], part["Size"]) == (2, len(DATA))


async def test_a_url_names_its_key_its_part_and_no_secret(upload: Upload, s3: S3Part):
    url = await upload.url(7, md5=md5(DATA))
    asked = parse_qs(urlsplit(url).query)
    assert urlsplit(url).path.endswith(f"/{KEY}")
    assert (asked["partNumber"], asked["uploadId"], asked["X-Amz-Expires"]) == (["7"], [upload.name], ["300"])
    assert asked["X-Amz-SignedHeaders"] == ["content-length;content-md5;host"]
    assert s3.secret_key not in url


@pytest.mark.parametrize("data", [DATA + b"!", DATA[:-1], b""], ids=["longer", "shorter", "empty"])
async def test_a_body_of_another_length_than_promised_is_refused(upload: Upload, data: bytes):
    answer = await upload.http.put(await upload.url(), content=data)
    assert answer.status_code == 403
    assert await upload.stored() == []


async def test_a_part_with_another_content_than_promised_is_refused(upload: Upload):
    swapped = bytes(reversed(DATA))
    url = await upload.url(md5=md5(DATA))
    assert (await upload.http.put(url, content=swapped, headers={"Content-MD5": md5(DATA)})).status_code == 400
    assert (await upload.http.put(url, content=swapped, headers={"Content-MD5": md5(swapped)})).status_code == 403
    assert (await upload.http.put(url, content=swapped)).status_code == 403
    assert await upload.stored() == []
    assert (await upload.http.put(url, content=DATA, headers={"Content-MD5": md5(DATA)})).status_code == 200
    assert await upload.stored() == [(1, len(DATA))]


@pytest.mark.parametrize(
    ("part", "other"),
    [("partNumber=1", "partNumber=2"), (KEY, "sources/b"), ("X-Amz-Expires=300", "X-Amz-Expires=9999")],
)
async def test_a_url_that_was_tampered_with_is_refused(upload: Upload, part: str, other: str):
    url = await upload.url()
    assert part in url
    assert (await upload.http.put(url.replace(part, other), content=DATA)).status_code == 403
    assert await upload.stored() == []


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_a_url_takes_a_part_and_does_nothing_else(upload: Upload, method: str):
    assert (await upload.http.request(method, await upload.url())).status_code in {403, 405}


async def test_a_url_is_good_for_a_short_time(upload: Upload, s3: S3Part, bucket: str):
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    with closing(client):
        links = PresignedParts(client, bucket, lifetime_seconds=1)
        now = datetime.now(UTC)
        (url,), expires_at = await links.links(KEY, upload.name, [PartToSend(1, len(DATA))], now)
    assert expires_at == now + timedelta(seconds=1)
    async with asyncio.timeout(10):
        while (answer := await upload.http.put(url, content=DATA)).status_code == 200:
            await asyncio.sleep(0.2)
    assert answer.status_code == 403


async def test_an_aborted_upload_takes_no_part_any_more(upload: Upload):
    url = await upload.url()
    await upload.storage.abort_parts(KEY, upload.name)
    assert (await upload.http.put(url, content=DATA)).status_code == 404
