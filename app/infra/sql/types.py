"""Column types that mean the same on MySQL, MariaDB and SQLite."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, DateTime, Dialect, String
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

EARLIEST: Final = _EPOCH + timedelta(seconds=1)
LATEST: Final = datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)
"""What a TIMESTAMP can hold on MySQL; nothing that this service stores lies outside."""


class Timestamp(TypeDecorator[datetime]):
    """TIMESTAMP(3): takes and gives aware datetimes in UTC; what is finer than a millisecond is cut off.

    On MySQL and MariaDB it is right only while the session's time zone is +00:00, as ``engine_for`` sets it.
    """

    # SQLite keeps text of a fixed width, which sorts like the time it means.
    impl = DateTime().with_variant(mysql.TIMESTAMP(fsp=3), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Raises ``ValueError`` for a time without a zone: nobody could say which instant it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        in_utc = value.astimezone(UTC).replace(tzinfo=None)
        return in_utc.replace(microsecond=in_utc.microsecond // 1000 * 1000)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Add the zone that the database does not keep."""
        return None if value is None else value.replace(tzinfo=UTC)


Uuid: Final = String(36).with_variant(mysql.CHAR(36, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
"""A UUID in its canonical text form."""

Sha256: Final = String(64).with_variant(mysql.CHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
"""A SHA-256 in lower-case hex."""

Traceparent: Final = String(55).with_variant(mysql.CHAR(55, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
"""In whose trace a row was written, as W3C Trace Context's header of this name says it."""

Milliseconds: Final = BigInteger
"""An instant (since 1970, UTC) or a length of time, in whole milliseconds: integers compare alike everywhere."""


class Instant(TypeDecorator[datetime]):
    """``Milliseconds``, given and taken as the instant that they mean."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else instant(value)


def milliseconds(at: datetime) -> int:
    """Return an instant as whole milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def instant(at: int) -> datetime:
    """Return the instant that ``milliseconds`` gave."""
    return _EPOCH + at * _MILLISECOND
