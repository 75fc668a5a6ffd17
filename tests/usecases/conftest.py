"""A world of its own for each story."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.transactions import SqlTransactions
from tests.usecases.world import World


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database, migrated once; each story gets a copy."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
async def world(migrated: Path, tmp_path: Path) -> AsyncIterator[World]:
    path = tmp_path / "fiapx.db"
    shutil.copy(migrated, path)
    engine = engine_for(f"sqlite+aiosqlite:///{path}")
    yield World.on(SqlTransactions(engine))
    await engine.dispose()
