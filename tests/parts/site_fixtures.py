"""Fixtures of the edges' tests: a migrated database made once, and a site of its own for each story."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.infra.sql.migrate import migrate
from tests.parts.site import Person, Site, running_site


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
