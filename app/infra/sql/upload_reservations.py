"""The table ``intakes``."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import final

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.upload_reservation import UploadReservation
from app.domain.user import UserId
from app.domain.video import VideoId
from app.infra.sql.rows import added_up, source_hash
from app.infra.sql.tables import upload_reservations, users
from app.infra.sql.types import instant, milliseconds
from app.infra.sql.users import row_of

_SELECT = select(upload_reservations, users.c.public_id.label("owner")).join_from(upload_reservations, users)


@final
class SqlUploadReservations:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, reservation: UploadReservation) -> None:
        await self._connection.execute(
            insert(upload_reservations).values(
                id=reservation.id,
                user_id=row_of(reservation.owner),
                source_key=reservation.source_key,
                source_hash=source_hash(reservation.source_key),
                idempotency_key=reservation.idempotency_key,
                declared_bytes=reservation.declared_bytes,
                expires_at=milliseconds(reservation.expires_at),
            )
        )

    async def by_idempotency_key(self, owner: UserId, key: str) -> UploadReservation | None:
        mine = (users.c.public_id == owner) & (upload_reservations.c.idempotency_key == key)
        row = (await self._connection.execute(_SELECT.where(mine))).mappings().first()
        return None if row is None else _reservation(row)

    async def count(self, owner: UserId, now: datetime) -> int:
        alive = (upload_reservations.c.user_id == row_of(owner)) & (
            upload_reservations.c.expires_at > milliseconds(now)
        )
        return (
            await self._connection.execute(select(func.count()).select_from(upload_reservations).where(alive))
        ).scalar_one()

    async def declared_bytes(self, owner: UserId | None, now: datetime) -> int:
        alive = upload_reservations.c.expires_at > milliseconds(now)
        if owner is not None:
            alive &= upload_reservations.c.user_id == row_of(owner)
        return await added_up(self._connection, upload_reservations.c.declared_bytes, alive)

    async def of(self, owner: UserId) -> Sequence[UploadReservation]:
        found = await self._connection.execute(_SELECT.where(users.c.public_id == owner))
        return [_reservation(row) for row in found.mappings()]

    async def extend(self, reservation: VideoId, to: datetime) -> bool:
        extended = (
            update(upload_reservations)
            .where(upload_reservations.c.id == reservation)
            .values(expires_at=milliseconds(to))
        )
        return (await self._connection.execute(extended)).rowcount == 1

    async def remove(self, reservation: VideoId) -> bool:
        return (
            await self._connection.execute(delete(upload_reservations).where(upload_reservations.c.id == reservation))
        ).rowcount == 1

    async def expired(self, now: datetime, limit: int) -> Sequence[UploadReservation]:
        over = (
            _SELECT.where(upload_reservations.c.expires_at <= milliseconds(now))
            .order_by(upload_reservations.c.expires_at)
            .limit(limit)
        )
        return [_reservation(row) for row in (await self._connection.execute(over)).mappings()]

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        hashes = [source_hash(key) for key in keys]
        found = await self._connection.execute(
            select(upload_reservations.c.source_key).where(upload_reservations.c.source_hash.in_(hashes))
        )
        return set(found.scalars())


def _reservation(row: RowMapping) -> UploadReservation:
    return UploadReservation(
        id=row["id"],
        owner=row["owner"],
        source_key=row["source_key"],
        idempotency_key=row["idempotency_key"],
        declared_bytes=row["declared_bytes"],
        expires_at=instant(row["expires_at"]),
    )
