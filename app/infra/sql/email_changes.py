"""The table ``email_changes``."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import ColumnElement, delete, insert, select

from app.domain.user import UserId
from app.infra.sql.rows import columns_of, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import email_changes, users
from app.usecases.ports.email_changes import EmailChange

_c: Final = email_changes.c


@final
class SqlEmailChanges(SqlTable):
    """See the port."""

    async def add(self, change: EmailChange) -> None:
        columns: dict[str, Any] = columns_of(change, but=("user",))
        await self._write(insert(email_changes).values(user_id=row_of(users, change.user), **columns))

    async def get(self, link: str) -> EmailChange | None:
        return await self._one(_c.id == link)

    async def wanted(self, user: UserId) -> EmailChange | None:
        return await self._one((users.c.public_id == user) & _c.leads_back.is_(False))

    async def held(self, emails: Collection[str], now: datetime, *, but: UserId | None = None) -> bool:
        still_open = _c.leads_back.is_(True) & _c.email.in_(emails) & (_c.expires_at > now)
        if but is not None:
            still_open &= _c.user_id != row_of(users, but)
        return await self._count(email_changes, still_open) > 0

    async def withdraw(self, user: UserId) -> int:
        return await self._remove(user, _c.leads_back.is_(False))

    async def remove_all(self, user: UserId) -> int:
        return await self._remove(user)

    async def forget(self, *, expired_before: datetime, limit: int) -> None:
        await self._forget(email_changes, _c.expires_at <= expired_before, limit)

    async def _remove(self, user: UserId, *which: ColumnElement[bool]) -> int:
        return await self._write(delete(email_changes).where(_c.user_id == row_of(users, user), *which))

    async def _one(self, which: ColumnElement[bool]) -> EmailChange | None:
        found = select(email_changes, users.c.public_id.label("user")).join_from(email_changes, users)
        row = await self._row(found.where(which))
        return None if row is None else record_of(EmailChange, row)
