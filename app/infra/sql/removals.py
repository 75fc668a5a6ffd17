"""The table ``removals``."""

from collections.abc import Sequence
from datetime import datetime
from typing import final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.infra.sql.tables import removals
from app.infra.sql.types import milliseconds
from app.usecases.ports.removals import Removal


@final
class SqlRemovals:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, *keys: str, is_prefix: bool, at: datetime) -> None:
        if keys:
            rest = {"is_prefix": is_prefix, "attempts": 0, "wake_at": milliseconds(at)}
            await self._connection.execute(insert(removals), [{"object_key": key, **rest} for key in keys])

    async def due(self, now: datetime, limit: int) -> Sequence[Removal]:
        found = await self._connection.execute(
            select(removals.c.id, removals.c.object_key, removals.c.is_prefix, removals.c.attempts)
            .where(removals.c.wake_at <= milliseconds(now))
            .order_by(removals.c.wake_at, removals.c.id)
            .limit(limit)
        )
        return [Removal(*row) for row in found]

    async def done(self, removal: int) -> None:
        await self._connection.execute(delete(removals).where(removals.c.id == removal))

    async def postpone(self, removal: int, to: datetime) -> None:
        await self._connection.execute(
            update(removals)
            .where(removals.c.id == removal)
            .values(attempts=removals.c.attempts + 1, wake_at=milliseconds(to))
        )
