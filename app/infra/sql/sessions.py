"""The tables ``sessions`` and ``ended_sessions``."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, final

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.domain.session import SessionId, StoredSession
from app.domain.user import UserId
from app.infra.sql.rows import columns_of, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import ended_sessions, sessions, users


@final
class SqlSessions(SqlTable):
    """See the port."""

    async def add(self, session: StoredSession) -> None:
        columns = columns_of(session, but=("owner",))
        await self._write(insert(sessions).values(user_id=row_of(users, session.owner), **columns))

    async def lock(self, session: SessionId) -> StoredSession | None:
        row = await self._row(_records().where(sessions.c.id == session).with_for_update())
        return None if row is None else record_of(StoredSession, row)

    async def renew(self, session: SessionId, **to: datetime | str) -> None:
        await self._write(update(sessions).where(sessions.c.id == session).values(**to))

    async def of(self, owner: UserId) -> Sequence[SessionId]:
        mine = select(sessions.c.id).where(sessions.c.user_id == row_of(users, owner))
        return [SessionId(one) for one in (await self._connection.execute(mine)).scalars()]

    async def records_of(self, owner: UserId, limit: int) -> Sequence[StoredSession]:
        mine = _records().where(sessions.c.user_id == row_of(users, owner))
        mine = mine.order_by(sessions.c.expires_at.desc(), sessions.c.id).limit(limit)
        return [record_of(StoredSession, row) for row in await self._rows(mine)]

    async def end(self, ended: Collection[SessionId], at: datetime) -> None:
        await self._write(delete(sessions).where(sessions.c.id.in_(ended)))
        for session in sorted(ended):  # In order, so that two who end the same ones cannot hold each other up.
            try:
                await self._write(insert(ended_sessions).values(id=session, ended_at=at))
            except IntegrityError:  # It has ended before, and only this statement was undone.
                continue

    async def ended_since(self, since: datetime) -> Mapping[SessionId, datetime]:
        recent = select(ended_sessions).where(ended_sessions.c.ended_at >= since)
        return {SessionId(row["id"]): row["ended_at"] for row in await self._rows(recent)}

    async def forget(self, *, expired_before: datetime, ended_before: datetime, limit: int) -> None:
        await self._forget(sessions, sessions.c.expires_at <= expired_before, limit)
        await self._forget(ended_sessions, ended_sessions.c.ended_at <= ended_before, limit)


def _records() -> Select[Any]:
    # A subquery rather than a join, whose other row would be locked too.
    owner = select(users.c.public_id).where(users.c.id == sessions.c.user_id).scalar_subquery()
    return select(sessions, owner.label("owner"))
