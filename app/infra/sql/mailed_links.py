"""The tables ``password_resets`` and ``email_verifications``: links that were mailed and not used yet."""

from datetime import datetime
from typing import final

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.user import UserId
from app.infra.sql.rows import record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import users
from app.usecases.ports.mailed_links import MailedLink


@final
class SqlMailedLinks(SqlTable):
    """See the port; ``table`` is one of the two."""

    def __init__(self, connection: AsyncConnection, table: Table) -> None:
        super().__init__(connection)
        self._table = table

    async def add(self, link: MailedLink) -> None:
        await self._write(
            insert(self._table).values(id=link.id, user_id=row_of(users, link.user), expires_at=link.expires_at)
        )

    async def get(self, link: str) -> MailedLink | None:
        found = select(self._table, users.c.public_id.label("user")).join_from(self._table, users)
        row = await self._row(found.where(self._table.c.id == link))
        return None if row is None else record_of(MailedLink, row)

    async def remove_all(self, user: UserId) -> int:
        return await self._write(delete(self._table).where(self._table.c.user_id == row_of(users, user)))

    async def forget(self, *, expired_before: datetime, limit: int) -> None:
        await self._forget(self._table, self._table.c.expires_at <= expired_before, limit)
