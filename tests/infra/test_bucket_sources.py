"""Imports of objects, from the real storage."""

import secrets
from collections.abc import AsyncIterator

import boto3
import pytest
from botocore.client import Config

from app.domain.video_import import LinkFault
from app.infra.s3.client import s3_client
from app.infra.s3.sources import BucketSources, LinkSources
from app.infra.web_sources import WebSources
from app.usecases.ports.import_sources import ImportSources
from tests.parts.film_server import FilmServer, serving
from tests.parts.stores import S3Part

FILM = secrets.token_bytes(700_000)
KEY = "yard/férias 1.mp4"


@pytest.fixture
async def sources(s3: S3Part, bucket: str) -> AsyncIterator[ImportSources]:
    put(s3, bucket, FILM)
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key, threads=2)
    buckets = BucketSources(client, threads=2)
    yield LinkSources(WebSources(loopback=True), buckets)
    await buckets.aclose()


def put(s3: S3Part, bucket: str, data: bytes) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )
    client.put_object(Bucket=bucket, Key=KEY, Body=data)
    client.close()


async def test_an_object_comes_whole_or_from_where_it_broke_off(sources: ImportSources, bucket: str):
    link = f"s3://{bucket}/{KEY}"
    async with sources.open(link) as whole:
        assert (whole.starts_at, whole.total_bytes) == (0, len(FILM))
        assert b"".join([chunk async for chunk in whole.chunks]) == FILM
    async with sources.open(link, 600_000, whole.validator) as rest:
        assert (rest.starts_at, rest.total_bytes, rest.validator) == (600_000, len(FILM), whole.validator)
        assert b"".join([chunk async for chunk in rest.chunks]) == FILM[600_000:]


async def test_an_object_that_is_replaced_is_another_and_one_that_is_not_there_is_refused(
    sources: ImportSources, s3: S3Part, bucket: str
):
    link = f"s3://{bucket}/{KEY}"
    async with sources.open(link) as before:
        pass
    put(s3, bucket, b"another film")
    for where, code in ((link, "LINK_CHANGED"), (f"s3://{bucket}/none", "LINK_REFUSED")):
        with pytest.raises(LinkFault) as fault:
            async with sources.open(where, 5, before.validator):
                pass
        assert (fault.value.failure.code, fault.value.passing) == (code, False)


async def test_a_link_of_the_web_goes_there(sources: ImportSources):
    async with serving(FilmServer(FILM)) as here, sources.open(here.url()) as answer:
        assert b"".join([chunk async for chunk in answer.chunks]) == FILM
