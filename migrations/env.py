"""How alembic reaches the database: on the connection it is handed, or on one of its own for the command line."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from app.infra.sql.engine import engine_for
from app.infra.sql.tables import metadata


def run_on(connection: Connection) -> None:
    # SQLite cannot alter most of a table, so alembic builds a new one and copies: that is render_as_batch.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    engine = engine_for(os.environ["FIAPX_DATABASE_URL"], read_seconds=None)
    async with engine.begin() as connection:
        await connection.run_sync(run_on)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    asyncio.run(run_alone())
