"""The table ``intakes``."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import final

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.intake import Intake
from app.domain.user import UserId
from app.domain.video import VideoId
from app.infra.sql.rows import added_up, source_hash
from app.infra.sql.tables import intakes, users
from app.infra.sql.types import instant, milliseconds
from app.infra.sql.users import row_of

_SELECT = select(intakes, users.c.public_id.label("owner")).join_from(intakes, users)


@final
class SqlIntakes:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, intake: Intake) -> None:
        await self._connection.execute(
            insert(intakes).values(
                id=intake.id,
                user_id=row_of(intake.owner),
                source_key=intake.source_key,
                source_hash=source_hash(intake.source_key),
                idempotency_key=intake.idempotency_key,
                declared_bytes=intake.declared_bytes,
                expires_at=milliseconds(intake.expires_at),
            )
        )

    async def by_idempotency_key(self, owner: UserId, key: str) -> Intake | None:
        mine = (users.c.public_id == owner) & (intakes.c.idempotency_key == key)
        row = (await self._connection.execute(_SELECT.where(mine))).mappings().first()
        return None if row is None else _intake(row)

    async def count(self, owner: UserId, now: datetime) -> int:
        alive = (intakes.c.user_id == row_of(owner)) & (intakes.c.expires_at > milliseconds(now))
        return (await self._connection.execute(select(func.count()).select_from(intakes).where(alive))).scalar_one()

    async def declared_bytes(self, owner: UserId | None, now: datetime) -> int:
        alive = intakes.c.expires_at > milliseconds(now)
        if owner is not None:
            alive &= intakes.c.user_id == row_of(owner)
        return await added_up(self._connection, intakes.c.declared_bytes, alive)

    async def of(self, owner: UserId) -> Sequence[Intake]:
        found = await self._connection.execute(_SELECT.where(users.c.public_id == owner))
        return [_intake(row) for row in found.mappings()]

    async def extend(self, intake: VideoId, to: datetime) -> bool:
        extended = update(intakes).where(intakes.c.id == intake).values(expires_at=milliseconds(to))
        return (await self._connection.execute(extended)).rowcount == 1

    async def remove(self, intake: VideoId) -> bool:
        return (await self._connection.execute(delete(intakes).where(intakes.c.id == intake))).rowcount == 1

    async def expired(self, now: datetime, limit: int) -> Sequence[Intake]:
        over = _SELECT.where(intakes.c.expires_at <= milliseconds(now)).order_by(intakes.c.expires_at).limit(limit)
        return [_intake(row) for row in (await self._connection.execute(over)).mappings()]

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        hashes = [source_hash(key) for key in keys]
        found = await self._connection.execute(select(intakes.c.source_key).where(intakes.c.source_hash.in_(hashes)))
        return set(found.scalars())


def _intake(row: RowMapping) -> Intake:
    return Intake(
        id=row["id"],
        owner=row["owner"],
        source_key=row["source_key"],
        idempotency_key=row["idempotency_key"],
        declared_bytes=row["declared_bytes"],
        expires_at=instant(row["expires_at"]),
    )
