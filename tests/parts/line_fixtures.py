"""A service whose storage is reached by one line, which a test can watch and cut."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.parts.http_line import HttpLine
from tests.parts.site import Site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part


@pytest.fixture
async def line(s3: S3Part) -> AsyncIterator[HttpLine]:
    """The only way to the storage."""
    async with HttpLine(s3.url).open() as line:
        yield line


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str, line: HttpLine) -> AsyncIterator[Site]:
    async with site_with_storage(empty_database, tmp_path, s3, bucket, over=line.url) as site:
        yield site
