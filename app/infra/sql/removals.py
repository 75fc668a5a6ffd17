"""The table ``removals``."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, final

from sqlalchemy import delete, insert, select, update

from app.infra.sql.rows import record_of
from app.infra.sql.table import SqlTable
from app.infra.sql.tables import removals
from app.usecases.ports.removals import Removal

_r: Final = removals.c


@final
class SqlRemovals(SqlTable):
    """See the port."""

    async def add(self, *keys: str, is_prefix: bool, at: datetime) -> None:
        if keys:
            rest = {"is_prefix": is_prefix, "attempts": 0, "wake_at": at}
            await self._connection.execute(insert(removals), [{"key": key, **rest} for key in keys])

    async def due(self, now: datetime, limit: int) -> Sequence[Removal]:
        due = select(removals).where(_r.wake_at <= now).order_by(_r.wake_at, _r.id).limit(limit)
        return [record_of(Removal, row) for row in await self._rows(due)]

    async def count_due(self, now: datetime) -> int:
        return await self._count(removals, _r.wake_at <= now)

    async def names(self, keys: Collection[str]) -> set[str]:
        prefixes = {key: f"{key.rpartition('/')[0]}/" for key in keys}
        which = select(_r.key).where(_r.key.in_({*keys, *prefixes.values()}))
        found = set((await self._connection.execute(which)).scalars())
        return {key for key, prefix in prefixes.items() if key in found or prefix in found}

    async def done(self, removal: int) -> None:
        await self._write(delete(removals).where(_r.id == removal))

    async def postpone(self, removal: int, to: datetime) -> None:
        await self._write(update(removals).where(_r.id == removal).values(attempts=_r.attempts + 1, wake_at=to))
