"""The record on each database that it is kept in: every test of these contracts runs on all of them."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.tables import audit_log, pauses, removals, users
from tests.contracts.story import Story
from tests.parts.database import DatabasePart
from tests.parts.in_memory import folder_in_memory
from tests.parts.mariadb import MariaDbPart

KINDS = ["sqlite", pytest.param("server", marks=pytest.mark.outside)]
"""The embedded database, and a server that is the machine's own."""


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "empty.db"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_server(server: DatabasePart) -> str:
    """The address of a migrated database, of a user who may not change its tables."""
    asyncio.run(server.make("contracts"))
    asyncio.run(migrate(server.admin("contracts")))
    return server.service("contracts")


@pytest.fixture(scope="session")
def legible_server(mariadb: MariaDbPart) -> str:
    """The same of a server without TLS, so that a line can be cut by what is said on it."""
    asyncio.run(mariadb.make("legible"))
    asyncio.run(migrate(mariadb.admin("legible")))
    return mariadb.service("legible")


@pytest.fixture(params=KINDS)
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "sqlite":
        folder = tmp_path / "a folder, 100% of it"
        folder.mkdir()
        return f"sqlite+aiosqlite:///{folder / 'blank.db'}"
    found: str = request.getfixturevalue("server_blank_url")
    return found


@pytest.fixture
def server_blank_url(server: DatabasePart, tmp_path: Path) -> str:
    """The same on a server, where others are at work too."""
    name = f"blank_{tmp_path.name.replace('-', '_')}"[:64]
    asyncio.run(server.make(name))
    return server.admin(name)


@pytest.fixture
async def server_engine(migrated_server: str) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(migrated_server)
    async with engine.begin() as connection:
        await connection.execute(delete(users))  # The rest goes with them.
        for table in (removals, pauses, audit_log):
            await connection.execute(delete(table))
    yield engine
    await close_engine(engine)


@pytest.fixture
async def sqlite_engine(empty_sqlite: Path, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    with folder_in_memory(otherwise=tmp_path) as folder:
        engine = engine_for(f"sqlite+aiosqlite:///{shutil.copy(empty_sqlite, folder / 'record.db')}")
        yield engine
        await close_engine(engine)


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest) -> AsyncEngine:
    """An empty record."""
    found: AsyncEngine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture
def story(engine: AsyncEngine) -> Story:
    return Story(engine)
