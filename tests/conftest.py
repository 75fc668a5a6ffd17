"""The real parts that tests run against; each is started once, for the first test that asks for it."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
import redis
from botocore.client import Config

from tests.clips import Clips
from tests.films import Films
from tests.parts.database import DatabasePart
from tests.parts.known_secrets import remember
from tests.parts.mariadb import MariaDbPart
from tests.parts.mysql import MySqlPart, mysql_at_hand
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

pytest_plugins = ["tests.garbage", "tests.secrets_in_logs", "tests.needs"]


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyPart]:
    with ValkeyPart(tmp_path_factory.mktemp("valkey")) as part:
        remember(urlsplit(part.url).password)
        yield part


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Part]:
    with S3Part(tmp_path_factory.mktemp("s3")) as part:
        remember(part.secret_key)
        yield part


@pytest.fixture(scope="session")
def smtp_sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpSinkPart]:
    with SmtpSinkPart(tmp_path_factory.mktemp("mail")) as part:
        remember(urlsplit(part.url).password)
        yield part


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDbPart]:
    with MariaDbPart(tmp_path_factory.mktemp("mariadb")) as part:
        yield part


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabasePart]:
    """MySQL itself where it is at hand, else MariaDB."""
    if (command := mysql_at_hand()) is None:
        yield request.getfixturevalue("mariadb")
    else:
        with MySqlPart(command, tmp_path_factory.mktemp("mysql")) as part:
            yield part


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the real recordings: bikes.mp4, bigbuckbunny.mp4, carphone_pristine.mp4."""
    folder = Path(__file__).parents[1] / ".samples"
    if not (folder / "bikes.mp4").exists():
        pytest.fail("The sample recordings are missing: make samples")
    return folder


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    return Films(tmp_path_factory.mktemp("films"))


@pytest.fixture
def redis_url(valkey: ValkeyPart) -> str:
    """The address of an empty Redis."""
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def bucket(s3: S3Part) -> Iterator[str]:
    """The name of an empty bucket, which goes with everything in it."""
    name = f"test-{secrets.token_hex(6)}"
    client = boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=name)
    try:
        yield name
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=name)
        for key in [entry["Key"] for page in pages for entry in page.get("Contents", [])]:
            client.delete_object(Bucket=name, Key=key)
        client.delete_bucket(Bucket=name)
    finally:
        client.close()
