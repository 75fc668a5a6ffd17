"""One engine by its URL: SQLite on one machine, MySQL or MariaDB for many."""

import asyncio
import sqlite3
from contextlib import suppress
from typing import Any, Final, cast

import asyncmy
from asyncmy.constants.CR import CR_CONN_HOST_ERROR
from asyncmy.errors import MySQLError, OperationalError
from sqlalchemy import URL, Connection, Dialect, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

WRITES: Final = "fiapx_writes"
"""The execution option of a connection whose next transaction writes."""

_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "mysql": "mysql+asyncmy", "mariadb": "mariadb+asyncmy"}
_BUSY_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 20
_CONNECTIONS: Final = 10
_FREE_SECONDS: Final = 10.0
_LOCK_SECONDS: Final = 5
_IDLE_SECONDS: Final = 60
_END_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.005
_SESSION: Final = (
    # TIMESTAMP columns are shown in the session's time zone, and ours is UTC whatever the server's is.
    "SET SESSION time_zone = '+00:00',"
    # A value that does not fit is an error, never cut or made NULL.
    " sql_mode = 'TRADITIONAL,ONLY_FULL_GROUP_BY',"
    # Shorter than the read timeout, so that a lock that is not given is an answer and no broken connection.
    " innodb_lock_wait_timeout = {lock_seconds},"
    # Whoever freezes within a transaction, or whose machine is gone, holds its locks no longer than this.
    " wait_timeout = {idle_seconds}"
)


def engine_for(
    database_url: str,
    *,
    connections: int = _CONNECTIONS,
    free_seconds: float = _FREE_SECONDS,
    read_seconds: float | None = READ_SECONDS,
    idle_seconds: int = _IDLE_SECONDS,
) -> AsyncEngine:
    """Make the engine; nothing connects yet.

    There are at most so many ``connections`` to MySQL. Who finds none free within ``free_seconds`` is told that the
    database is out of reach. ``read_seconds`` bounds the wait for an answer of MySQL,
    and ``idle_seconds`` MySQL's wait for the next word of ours: then it rolls back and hangs up.

    Parameters never appear in errors or logs, since password hashes and addresses are among them.

    :raises ValueError: for a database that is none of the three
    """
    url = make_url(database_url)
    backend = url.get_backend_name()
    if backend not in _DRIVERS:
        raise ValueError(f"This service keeps its record in SQLite, MySQL or MariaDB, not in {backend}.")
    url = url.set(drivername=_DRIVERS[backend])
    if backend == "sqlite":
        return _sqlite_engine(url, free_seconds)
    lock_seconds = min(_LOCK_SECONDS, max(1, int(read_seconds) - 1)) if read_seconds else _LOCK_SECONDS
    return create_async_engine(
        url,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=free_seconds,
        pool_recycle=1800,
        pool_pre_ping=True,
        connect_args={
            "async_creator_fn": _connect,
            "charset": "utf8mb4",
            "read_timeout": read_seconds,
            "init_command": _SESSION.format(lock_seconds=lock_seconds, idle_seconds=idle_seconds),
        },
    )


async def close_engine(engine: AsyncEngine, *, seconds: float = _END_SECONDS) -> None:
    """Close every connection, those that are at work once they are done, for which there are so many ``seconds``.

    Reads that several share go on when those who asked have gone, and a pool forgets a connection that comes back
    after its end, without closing it.
    """
    pool = cast("QueuePool", engine.pool)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while pool.checkedout():  # noqa: ASYNC110 - a pool tells of no end of a connection that it had too many of
                await asyncio.sleep(_LOOK_SECONDS)
    await engine.dispose()


def _sqlite_engine(url: URL, free_seconds: float) -> AsyncEngine:
    # isolation_level None: sqlite3 itself begins nothing, so that each BEGIN is the one below.
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_timeout=free_seconds,
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None},
    )
    event.listen(engine.sync_engine, "do_connect", _see_that_it_opens)
    event.listen(engine.sync_engine, "connect", _configure_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


async def _connect(**arguments: Any) -> Any:
    """Connect to MySQL, whole handshake included; whatever is in the way is an error of the driver's own kind.

    The driver itself bounds no more than the TCP connection, and of a server that closes it at once, or that speaks
    half a sentence or another language, it raises whatever it happens to stumble over.
    """
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            return await asyncmy.connect(**arguments)
    except MySQLError:
        raise
    except Exception as error:
        where = arguments.get("unix_socket") or f"{arguments.get('host')}:{arguments.get('port', 3306)}"
        why = str(error) or type(error).__name__
        raise OperationalError(CR_CONN_HOST_ERROR, f"no MySQL server answers properly at {where} ({why})") from error


def _see_that_it_opens(_dialect: Dialect, _record: Any, arguments: list[str], _options: dict[str, Any]) -> None:
    """See that the file is there or can be made; raises sqlite3's own error.

    aiosqlite does not wait for the end of its thread where it cannot open a file, and a thread that outlives the loop
    ends with a traceback.
    """
    sqlite3.connect(arguments[0]).close()


def _configure_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # NORMAL could lose the last commits when the power fails, and with them an upload that was already accepted.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA fullfsync = ON")  # An fsync on macOS otherwise ends in the drive's cache.
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start: one that is wanted after a read is refused without any waiting."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
