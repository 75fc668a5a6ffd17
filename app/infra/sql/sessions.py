"""The tables ``sessions`` and ``ended_sessions``."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import final

from sqlalchemy import Column, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.session import SessionId, StoredSession
from app.domain.user import UserId
from app.infra.sql.tables import ended_sessions, sessions, users
from app.infra.sql.types import instant, milliseconds
from app.infra.sql.users import row_of


@final
class SqlSessions:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, session: StoredSession) -> None:
        await self._connection.execute(
            insert(sessions).values(
                id=session.id,
                user_id=row_of(session.owner),
                refresh_digest=session.refresh_digest,
                rotated_at=None if session.rotated_at is None else milliseconds(session.rotated_at),
                began_at=None if session.began_at is None else milliseconds(session.began_at),
                expires_at=milliseconds(session.expires_at),
            )
        )

    async def lock(self, session: SessionId) -> StoredSession | None:
        # A subquery rather than a join, whose other row would be locked too.
        owner = select(users.c.public_id).where(users.c.id == sessions.c.user_id).scalar_subquery()
        found = await self._connection.execute(
            select(sessions, owner.label("owner")).where(sessions.c.id == session).with_for_update()
        )
        row = found.mappings().first()
        if row is None:
            return None
        return StoredSession(
            id=row["id"],
            owner=row["owner"],
            refresh_digest=row["refresh_digest"],
            rotated_at=None if row["rotated_at"] is None else instant(row["rotated_at"]),
            expires_at=instant(row["expires_at"]),
            began_at=None if row["began_at"] is None else instant(row["began_at"]),
        )

    async def renew(
        self,
        session: SessionId,
        *,
        refresh_digest: str,
        rotated_at: datetime,
        began_at: datetime,
        expires_at: datetime,
    ) -> None:
        await self._connection.execute(
            update(sessions)
            .where(sessions.c.id == session)
            .values(
                refresh_digest=refresh_digest,
                rotated_at=milliseconds(rotated_at),
                began_at=milliseconds(began_at),
                expires_at=milliseconds(expires_at),
            )
        )

    async def of(self, owner: UserId) -> Sequence[SessionId]:
        mine = select(sessions.c.id).where(sessions.c.user_id == row_of(owner))
        return [SessionId(one) for one in (await self._connection.execute(mine)).scalars()]

    async def end(self, ended: Collection[SessionId], at: datetime) -> None:
        await self._connection.execute(delete(sessions).where(sessions.c.id.in_(ended)))
        for session in sorted(ended):  # In order, so that two who end the same ones cannot hold each other up.
            try:
                await self._connection.execute(insert(ended_sessions).values(id=session, ended_at=milliseconds(at)))
            except IntegrityError:  # It has ended before, and only this statement was undone.
                continue

    async def ended_since(self, since: datetime) -> Mapping[SessionId, datetime]:
        recent = select(ended_sessions).where(ended_sessions.c.ended_at >= milliseconds(since))
        found = await self._connection.execute(recent)
        return {SessionId(row["id"]): instant(row["ended_at"]) for row in found.mappings()}

    async def forget(self, *, expired_before: datetime, ended_before: datetime, limit: int) -> None:
        for table, time, before in (
            (sessions, sessions.c.expires_at, expired_before),
            (ended_sessions, ended_sessions.c.ended_at, ended_before),
        ):
            id_: Column[str] = table.c.id
            over = await self._connection.execute(select(id_).where(time <= milliseconds(before)).limit(limit))
            # MySQL takes no LIMIT in a subquery of IN; and one that was refreshed in the meantime stays.
            await self._connection.execute(
                delete(table).where(id_.in_(over.scalars().all()), time <= milliseconds(before))
            )
