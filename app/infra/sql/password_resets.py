"""The table ``password_resets``."""

from datetime import datetime
from typing import final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.user import UserId
from app.infra.sql.tables import password_resets, users
from app.infra.sql.types import instant, milliseconds
from app.infra.sql.users import row_of
from app.usecases.ports import PasswordReset


@final
class SqlPasswordResets:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, reset: PasswordReset) -> None:
        await self._connection.execute(
            insert(password_resets).values(
                id=reset.id, user_id=row_of(reset.user), lapses_at=milliseconds(reset.lapses_at)
            )
        )

    async def get(self, reset: str) -> PasswordReset | None:
        found = await self._connection.execute(
            select(password_resets, users.c.public_id.label("user"))
            .join_from(password_resets, users)
            .where(password_resets.c.id == reset)
        )
        row = found.mappings().first()
        return None if row is None else PasswordReset(row["id"], row["user"], instant(row["lapses_at"]))

    async def remove_all(self, user: UserId) -> int:
        mine = delete(password_resets).where(password_resets.c.user_id == row_of(user))
        return (await self._connection.execute(mine)).rowcount

    async def forget(self, *, lapsed_before: datetime, limit: int) -> None:
        lapsed = password_resets.c.lapses_at <= milliseconds(lapsed_before)
        over = await self._connection.execute(select(password_resets.c.id).where(lapsed).limit(limit))
        await self._connection.execute(delete(password_resets).where(password_resets.c.id.in_(over.scalars().all())))
