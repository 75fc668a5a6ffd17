"""What the databases' errors mean."""

import sqlite3
from typing import Final

from asyncmy.constants import ER
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.usecases.ports.database import DatabaseFull, DatabaseUnavailable

# The last one is MariaDB's with innodb_snapshot_isolation, the default from 11.6 on: the record has changed.
_CONFLICTS: Final = frozenset({ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, ER.CHECKREAD})
_NO_SPACE: Final = frozenset({ER.DISK_FULL, ER.RECORD_FILE_FULL})


def lost_to_another(error: BaseException) -> bool:
    """Return whether the database undid a transaction in favour of another, so that it may run again from its start."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return False
    if isinstance(error.orig, sqlite3.Error):
        # The low byte is the primary code; the rest says more precisely why, as in SQLITE_BUSY_SNAPSHOT.
        code = getattr(error.orig, "sqlite_errorcode", 0)
        return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    return _mysql_code(error) in _CONFLICTS


def out_of_reach(error: BaseException) -> bool:
    """Distinguish trouble with the database (away, full, read-only, not migrated) from a statement that is wrong."""
    if isinstance(error, PoolTimeoutError | OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return (
        error.connection_invalidated
        or isinstance(error, OperationalError | InterfaceError | InternalError)
        or type(error) is DatabaseError  # SQLite's "not a database" and "malformed".
        or _mysql_code(error) == ER.NO_SUCH_TABLE
    )


def unavailable(error: BaseException, about: str = "") -> DatabaseUnavailable:
    """Make ours of what is ``out_of_reach``, with what the database said."""
    cause = getattr(error, "orig", None) or error
    full = getattr(cause, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL or (
        isinstance(error, DBAPIError) and _mysql_code(error) in _NO_SPACE
    )
    return (DatabaseFull if full else DatabaseUnavailable)(f"{about}{cause}")


def _mysql_code(error: DBAPIError) -> int | None:
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return code if isinstance(code, int) else None
