"""The table ``frame_exports``."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import ColumnElement, RowMapping, Select, delete, func, insert, select, update

from app.domain.frames_export import UNFINISHED_EXPORTS, ExportId, FramesExport
from app.domain.places import Places
from app.domain.user import UserId
from app.domain.video import VideoId
from app.infra.sql.rows import columns_of, failure_of, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import frame_exports, users, video_processings
from app.infra.traces import current_traceparent
from app.usecases.ports.frames_exports import DueExport

_e: Final = frame_exports.c
_v: Final = video_processings.c
_OF_THEIR_OWN: Final = ("owner", "video", "places", "failure")
_FOR_EVER: Final = (*_OF_THEIR_OWN, "id", "kind", "created_at")
_WITH_OWNER: Final = frame_exports.join(video_processings, _e.video_id == _v.id).join(users, _v.user_id == users.c.id)
_SELECT: Final = select(frame_exports, users.c.public_id.label("owner"), _v.public_id.label("video")).select_from(
    _WITH_OWNER
)


@final
class SqlFramesExports(SqlTable):
    """See the port."""

    async def add(self, new: FramesExport) -> None:
        columns = {
            **columns_of(new, but=_OF_THEIR_OWN),
            "video_id": row_of(video_processings, new.video),
            "places": None if new.places is None else str(new.places),
            "digest": _digest(new),
            "traceparent": current_traceparent(),
        }
        await self._write(insert(frame_exports).values(**columns))

    async def get(self, export: ExportId) -> FramesExport | None:
        return next(iter(await self._all(_SELECT.where(_e.id == export))), None)

    async def alike(self, new: FramesExport) -> FramesExport | None:
        return next(iter(await self._all(_SELECT.where(_v.public_id == new.video, _e.digest == _digest(new)))), None)

    async def of(self, video: VideoId) -> Sequence[FramesExport]:
        return await self._all(_SELECT.where(_v.public_id == video).order_by(_e.created_at.desc(), _e.id))

    async def unfinished(self, owner: UserId) -> int:
        wanted = (users.c.public_id == owner, _e.status.in_(UNFINISHED_EXPORTS))
        counted = select(func.count()).select_from(_WITH_OWNER).where(*wanted)
        return int((await self._connection.execute(counted)).scalar_one())

    async def due(self, now: datetime, limit: int) -> Sequence[DueExport]:
        which = select(_e.id, users.c.public_id.label("owner"), _e.traceparent).select_from(_WITH_OWNER)
        rows = await self._rows(which.where(_due(now)).order_by(_e.wake_at, _e.id).limit(limit))
        return [record_of(DueExport, row) for row in rows]

    async def change(self, seen: FramesExport, to: FramesExport, *, due_by: datetime | None = None) -> bool:
        as_seen = [_e.id == seen.id, _e.attempt == seen.attempt, _e.status == seen.status]
        if due_by is not None:
            as_seen.append(_due(due_by))
        changed = columns_of(to, but=_FOR_EVER) | columns_of(to.failure, "failure_")
        return await self._write(update(frame_exports).where(*as_seen).values(**changed)) == 1

    async def remove(self, export: ExportId) -> None:
        await self._write(delete(frame_exports).where(_e.id == export))

    async def expired(self, before: datetime, limit: int) -> Sequence[FramesExport]:
        return await self._all(_SELECT.where(_e.expires_at < before).order_by(_e.expires_at).limit(limit))

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        found = await self._connection.execute(select(_e.object_key).where(_e.object_key.in_(keys)))
        return set(found.scalars())

    async def stored_bytes(self, owner: UserId | None) -> int:
        total = select(func.sum(_e.size_bytes)).select_from(_WITH_OWNER)
        wanted = total if owner is None else total.where(users.c.public_id == owner)
        return int((await self._connection.execute(wanted)).scalar_one() or 0)

    async def _all(self, query: Select[Any]) -> Sequence[FramesExport]:
        return [_export_of(row) for row in await self._rows(query)]


def _digest(export: FramesExport) -> str:
    return hashlib.sha256(f"{export.kind}\n{export.places}".encode()).hexdigest()


def _due(now: datetime) -> ColumnElement[bool]:
    return _e.status.in_(UNFINISHED_EXPORTS) & (_e.wake_at <= now)


def _export_of(row: RowMapping) -> FramesExport:
    places = None if row["places"] is None else Places.parsed(row["places"])
    return record_of(FramesExport, row, places=places, failure=failure_of(row))
