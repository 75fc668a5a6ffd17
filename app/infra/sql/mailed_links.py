"""The tables ``password_resets`` and ``email_verifications``: links that were mailed and not used yet."""

from datetime import datetime
from typing import final

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.user import UserId
from app.infra.sql.tables import users
from app.infra.sql.types import instant, milliseconds
from app.infra.sql.users import row_of
from app.usecases.ports.mailed_links import MailedLink


@final
class SqlMailedLinks:
    """See the port; ``table`` is one of the two."""

    def __init__(self, connection: AsyncConnection, table: Table) -> None:
        self._connection = connection
        self._table = table

    async def add(self, link: MailedLink) -> None:
        await self._connection.execute(
            insert(self._table).values(id=link.id, user_id=row_of(link.user), expires_at=milliseconds(link.expires_at))
        )

    async def get(self, link: str) -> MailedLink | None:
        found = await self._connection.execute(
            select(self._table, users.c.public_id.label("user"))
            .join_from(self._table, users)
            .where(self._table.c.id == link)
        )
        row = found.mappings().first()
        return None if row is None else MailedLink(row["id"], row["user"], instant(row["expires_at"]))

    async def remove_all(self, user: UserId) -> int:
        mine = delete(self._table).where(self._table.c.user_id == row_of(user))
        return (await self._connection.execute(mine)).rowcount

    async def forget(self, *, expired_before: datetime, limit: int) -> None:
        expired = self._table.c.expires_at <= milliseconds(expired_before)
        over = await self._connection.execute(select(self._table.c.id).where(expired).limit(limit))
        await self._connection.execute(delete(self._table).where(self._table.c.id.in_(over.scalars().all())))
