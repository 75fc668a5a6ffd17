"""Fixtures of the edges' tests: a migrated database made once, and a site of its own for each story."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.infra.links import PresignedParts
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from app.infra.sql.migrate import migrate
from tests.parts.moto_s3 import MotoPart
from tests.parts.site import Person, Site, running_site
from tests.parts.stores import S3Part


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("database") / "empty.db"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(empty_database, tmp_path) as running:
        yield running


@pytest.fixture
async def ana(site: Site) -> AsyncIterator[Person]:
    async with site.person() as person:
        yield person


@pytest.fixture
async def bruno(site: Site) -> AsyncIterator[Person]:
    async with site.person() as person:
        yield person


@asynccontextmanager
async def site_with_storage(
    database: Path, folder: Path, s3: S3Part | MotoPart, bucket: str, *, over: str | None = None, **settings: Any
) -> AsyncIterator[Site]:
    """Serve beside a real storage, to which clients send the parts of their files, over another address if need be."""
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key, threads=4)
    storage = S3Storage(client, bucket, region="us-east-1", threads=4)
    signing = s3_client(over or s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    settings = {"part_links": PresignedParts(signing, bucket, lifetime_seconds=300), **settings}
    async with running_site(database, folder, bucket=storage, **settings) as site:
        yield site
    signing.close()
    await storage.aclose()
