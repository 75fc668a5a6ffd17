"""Brings a database to the schema that this version of the service needs."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.infra.sql.engine import WRITES, engine_for
from app.infra.sql.errors import lost_to_another, out_of_reach, unavailable
from app.infra.sql.revisions import FOLDER, behind, current_revisions, known
from app.usecases.ports.database import DatabaseUnavailable

log = structlog.get_logger(__name__)

_TURN_SECONDS: Final = 300
"""How long a second process waits while the first one migrates."""
_LOCK_SECONDS: Final = 3
"""How long a statement of DDL waits for its table. Meanwhile everybody else who wants the table waits behind it."""
_PAUSE_SECONDS: Final = 2.0
"""How long those have the table to themselves before the next try."""
_BLOCKED_SECONDS: Final = 600.0
_OPEN_TRANSACTIONS: Final = text(
    "SELECT t.trx_mysql_thread_id AS id, p.user, p.host, p.command, p.time AS seconds"
    " FROM information_schema.innodb_trx t LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id"
    " ORDER BY t.trx_started LIMIT 5"
)


async def migrate(database_url: str, *, blocked_seconds: float = _BLOCKED_SECONDS) -> None:
    """Migrate to the newest version; a database that is there already is left as it is, and so is a newer one.

    Migrations only add, so that this version can go on with what a newer one has migrated, as after a rollback.

    Several processes may do this at once: one works, the others wait for it and find nothing to do. On SQLite it
    happens as a whole or not at all; MySQL commits each statement, so the next process goes on where one died.

    :raises DatabaseUnavailable: where the database cannot be reached, another process does not come to its end, or
        a table is held for longer than ``blocked_seconds``
    """
    await run(database_url, _upgrade, blocked_seconds=blocked_seconds)


async def run(database_url: str, step: Callable[[Config], None], *, blocked_seconds: float = _BLOCKED_SECONDS) -> None:
    """Run one of alembic's commands on a connection that no other process migrates at the same time."""
    engine = engine_for(database_url, read_seconds=None)
    deadline = asyncio.get_running_loop().time() + blocked_seconds
    try:
        while (holders := await _try(engine, step)) is not None:
            if asyncio.get_running_loop().time() > deadline:
                raise DatabaseUnavailable(f"a table is held by open transactions: {holders}")
            log.warning("the migration waits for a table that open transactions hold", holders=holders)
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        await engine.dispose()


async def _try(engine: AsyncEngine, step: Callable[[Config], None]) -> str | None:
    """Run the step; where a table is held by others, say by whom."""
    try:
        async with engine.connect() as connection:
            alone = _alone_on_sqlite if engine.dialect.name == "sqlite" else _alone_on_mysql
            await alone(connection, step)
    except Exception as error:
        if lost_to_another(error) and engine.dialect.name != "sqlite":
            return await _holders(engine)
        if out_of_reach(error) or lost_to_another(error):
            raise unavailable(error) from error
        raise
    return None


async def _holders(engine: AsyncEngine) -> str:
    """Name the oldest open transactions, of which one holds the table."""
    try:
        async with engine.connect() as connection:
            rows = (await connection.execute(_OPEN_TRANSACTIONS)).all()
    except DBAPIError as error:
        return f"whose they are may not be seen without the right PROCESS ({error.orig})"
    told = (f"connection {row.id} of {row.user} at {row.host}, for {row.seconds} s in {row.command}" for row in rows)
    return "; ".join(told) or "none that could be seen"


def _upgrade(config: Config) -> None:
    current = current_revisions(config.attributes["connection"])
    if behind(current):
        command.upgrade(config, "head")
    elif not known(current):
        log.warning("a newer version has migrated this database, it is left as it is")


async def _alone_on_sqlite(connection: AsyncConnection, step: Callable[[Config], None]) -> None:
    # Alembic alters a table by making another and dropping the first, which would cascade; this cannot be changed
    # once a transaction has begun, and so is said to the driver itself.
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None  # noqa: S101 - a connection that is open has one
    await driver.execute(f"PRAGMA busy_timeout = {_TURN_SECONDS * 1000}")
    await driver.execute("PRAGMA foreign_keys = OFF")
    await connection.execution_options(**{WRITES: True})
    async with connection.begin():
        await connection.run_sync(_run_on, step)


async def _alone_on_mysql(connection: AsyncConnection, step: Callable[[Config], None]) -> None:
    # Else a single open transaction stops the migration, and with it everybody who asks for the table after it.
    await connection.execute(text(f"SET SESSION lock_wait_timeout = {_LOCK_SECONDS}"))
    # The names of locks are the whole server's and at most 64 characters long.
    database = hashlib.sha256(str(connection.engine.url.database).encode()).hexdigest()[:32]
    turn = {"turn": f"fiapx.migrate.{database}", "seconds": _TURN_SECONDS}
    # Without this, a server that is set up so gives the first TIMESTAMP of a table an ON UPDATE of its own.
    if not (await connection.execute(text("SELECT @@explicit_defaults_for_timestamp"))).scalar_one():
        await connection.execute(text("SET SESSION explicit_defaults_for_timestamp = 1"))
    if (await connection.execute(text("SELECT GET_LOCK(:turn, :seconds)"), turn)).scalar_one() != 1:
        raise DatabaseUnavailable(f"another process has been migrating for {_TURN_SECONDS} seconds")
    await connection.commit()
    async with connection.begin():  # The lock is the session's, and outlives the commits of the DDL.
        await connection.run_sync(_run_on, step)
    await connection.execute(text("SELECT RELEASE_LOCK(:turn)"), {"turn": turn["turn"]})


def _run_on(connection: Connection, step: Callable[[Config], None]) -> None:
    config = _config()
    config.attributes["connection"] = connection
    step(config)


def _config() -> Config:
    config = Config()
    # A % in a path would be taken for a placeholder.
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
