"""A database with no space left, as SQLite itself has it once its file may not grow."""

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infra.sql.transactions import SqlTransactions
from app.usecases.ports.database import DatabaseFull
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import a_user


async def test_a_database_that_may_not_grow_says_that_it_is_full(sqlite_engine: AsyncEngine):
    # The limit is each connection's; it is raised to what there is, so the file stays as large as it is.
    event.listen(sqlite_engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1"))

    async def many(t: Transaction) -> None:
        for _ in range(500):
            await t.users.add(a_user())

    with pytest.raises(DatabaseFull, match="full") as full:
        await SqlTransactions(sqlite_engine).write(many)
    assert full.value.to_users().code == "STORAGE_FULL"
