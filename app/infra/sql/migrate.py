"""Brings a database to the schema that this version of the service needs."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

import migrations
from app.infra.sql.engine import WRITES, engine_for
from app.infra.sql.errors import lost_to_another, out_of_reach
from app.usecases.ports import DatabaseUnavailable

log = structlog.get_logger(__name__)

_TURN_SECONDS: Final = 300
"""How long a second process waits while the first one migrates."""


async def migrate(database_url: str) -> None:
    """Migrate to the newest version; a database that is there already is left as it is, and so is a newer one.

    Migrations only add, so that this version can go on with what a newer one has migrated, as after a rollback.

    Several processes may do this at once: one works, the others wait for it and find nothing to do. On SQLite it
    happens as a whole or not at all; MySQL commits each statement, so the next process goes on where one died.

    :raises DatabaseUnavailable: where the database cannot be reached or another process does not come to its end
    """
    await run(database_url, _upgrade)


async def run(database_url: str, step: Callable[[Config], None]) -> None:
    """Run one of alembic's commands on a connection that no other process migrates at the same time."""
    engine = engine_for(database_url, read_seconds=None)
    try:
        async with engine.connect() as connection:
            alone = _alone_on_sqlite if engine.dialect.name == "sqlite" else _alone_on_mysql
            await alone(connection, step)
    except Exception as error:
        if out_of_reach(error) or lost_to_another(error):
            raise DatabaseUnavailable(str(getattr(error, "orig", None) or error)) from error
        raise
    finally:
        await engine.dispose()


def _upgrade(config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if known.issuperset(MigrationContext.configure(config.attributes["connection"]).get_current_heads()):
        command.upgrade(config, "head")
    else:
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
    config = Config()
    # A % in a path would be taken for a placeholder.
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    step(config)
