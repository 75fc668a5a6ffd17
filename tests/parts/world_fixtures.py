"""A world of its own for each story."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.transactions import SqlTransactions
from tests.parts.in_memory import folder_in_memory
from tests.usecases.world import World


@pytest.fixture
async def world(empty_database: Path, tmp_path: Path) -> AsyncIterator[World]:
    with folder_in_memory(otherwise=tmp_path) as folder:
        path = shutil.copy(empty_database, folder / "fiapx.db")
        engine = engine_for(f"sqlite+aiosqlite:///{path}")
        yield World.on(SqlTransactions(engine))
        await close_engine(engine)
