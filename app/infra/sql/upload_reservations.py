"""The table ``intakes``."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import Select, delete, insert, select, update

from app.domain.upload_reservation import UploadReservation
from app.domain.user import UserId
from app.domain.video import VideoId
from app.infra.sql.rows import columns_of, record_of, source_hash
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import upload_reservations, users

_r: Final = upload_reservations.c
_SELECT: Final = select(upload_reservations, users.c.public_id.label("owner")).join_from(upload_reservations, users)


@final
class SqlUploadReservations(SqlTable):
    """See the port."""

    async def add(self, reservation: UploadReservation) -> None:
        named = {"user_id": row_of(users, reservation.owner), "source_hash": source_hash(reservation.source_key)}
        columns = columns_of(reservation, but=("owner",))
        await self._write(insert(upload_reservations).values(**columns, **named))

    async def get(self, reservation: VideoId) -> UploadReservation | None:
        return next(iter(await self._all(_SELECT.where(_r.id == reservation))), None)

    async def by_idempotency_key(self, owner: UserId, key: str) -> UploadReservation | None:
        found = await self._all(_SELECT.where(users.c.public_id == owner, _r.idempotency_key == key))
        return found[0] if found else None

    async def count(self, owner: UserId, now: datetime) -> int:
        return await self._count(upload_reservations, (_r.user_id == row_of(users, owner)) & (_r.expires_at > now))

    async def declared_bytes(self, owner: UserId | None, now: datetime) -> int:
        alive = _r.expires_at > now
        return await self._sum(
            _r.declared_bytes, alive if owner is None else alive & (_r.user_id == row_of(users, owner))
        )

    async def of(self, owner: UserId) -> Sequence[UploadReservation]:
        return await self._all(_SELECT.where(users.c.public_id == owner))

    async def extend(self, reservation: VideoId, to: datetime) -> bool:
        return await self._write(update(upload_reservations).where(_r.id == reservation).values(expires_at=to)) == 1

    async def declare(self, reservation: VideoId, size_bytes: int) -> bool:
        changed = update(upload_reservations).where(_r.id == reservation).values(declared_bytes=size_bytes)
        return await self._write(changed) == 1

    async def remove(self, reservation: VideoId) -> bool:
        return await self._write(delete(upload_reservations).where(_r.id == reservation)) == 1

    async def remove_as_seen(self, seen: UploadReservation) -> bool:
        as_seen = (_r.id == seen.id) & (_r.expires_at == seen.expires_at)
        return await self._write(delete(upload_reservations).where(as_seen)) == 1

    async def expired(self, now: datetime, limit: int) -> Sequence[UploadReservation]:
        return await self._all(_SELECT.where(_r.expires_at <= now).order_by(_r.expires_at).limit(limit))

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        hashes = [source_hash(key) for key in keys]
        found = await self._connection.execute(select(_r.source_key).where(_r.source_hash.in_(hashes)))
        return set(found.scalars())

    async def _all(self, query: Select[Any]) -> Sequence[UploadReservation]:
        return [record_of(UploadReservation, row) for row in await self._rows(query)]
