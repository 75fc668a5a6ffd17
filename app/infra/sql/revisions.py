"""Which schema a database has, and whether this version of the service can work on it.

What alembic keeps is read here without alembic: it takes a tenth of a process's start, and only who migrates needs it.
"""

import asyncio
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from app.infra.sql.engine import engine_for
from app.infra.sql.errors import out_of_reach, unavailable
from app.usecases.ports.database import DatabaseUnavailable

log = structlog.get_logger(__name__)

FOLDER: Final = Path(migrations.__file__).parent
"""Where the migrations lie."""

_LOOK_SECONDS: Final = 1.0


@cache
def known_revisions() -> Sequence[str]:
    """Return the revisions of this version, oldest first: the numbers with which the migrations' files begin."""
    return sorted(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*_*.py"))


def current_revisions(connection: Connection) -> Collection[str]:
    """Return what the database was migrated to; nothing where it never was."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return connection.scalars(text("SELECT version_num FROM alembic_version")).all()


def known(revisions: Collection[str]) -> bool:
    """Return whether this version has all of them; a newer one has more."""
    return set(revisions) <= {*known_revisions()}


def behind(revisions: Collection[str]) -> bool:
    """Return whether tables of these revisions lack what this version needs; one that it does not know is newer."""
    return known(revisions) and {*revisions} != {known_revisions()[-1]}


async def wait_for_schema(database_url: str, seconds: float) -> None:
    """Return once the tables are those of this version or of a newer one; say now and then what is waited for.

    :raises DatabaseUnavailable: where they still are not after so many seconds
    """
    engine = engine_for(database_url)
    deadline = asyncio.get_running_loop().time() + seconds
    told = None
    try:
        while (lacks := await _lacks(engine)) is not None:
            if asyncio.get_running_loop().time() > deadline:
                raise DatabaseUnavailable(lacks)
            if lacks != told:
                log.info("waiting for the database", fault=lacks)
                told = lacks
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await engine.dispose()


async def unknown_revisions(database_url: str) -> Collection[str]:
    """Return the revisions that a newer version of the service has migrated this database to."""
    engine = engine_for(database_url)
    try:
        current = await _current(engine)
    finally:
        await engine.dispose()
    return [] if known(current) else current


async def _current(engine: AsyncEngine) -> Collection[str]:
    async with engine.connect() as connection:
        return await connection.run_sync(current_revisions)


async def _lacks(engine: AsyncEngine) -> str | None:
    try:
        current = await _current(engine)
    except Exception as error:
        if out_of_reach(error):
            return str(unavailable(error))
        raise
    return "its tables are not yet those of this version, which fiapx migrate makes" if behind(current) else None
