"""The table ``imports``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import ColumnElement, RowMapping, Select, insert, select, update

from app.domain.failure import ImportFailure
from app.domain.user import UserId
from app.domain.video import VERSION_STEP, VideoId
from app.domain.video_import import UNFINISHED_IMPORTS, ImportStatus, VideoImport
from app.infra.sql.rows import columns_of, options_of, options_text, part_of, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import imports, users
from app.infra.traces import current_traceparent
from app.usecases.ports.imports import DueImport

_i: Final = imports.c
_OF_THEIR_OWN: Final = ("owner", "options", "version", "failure")
_FOR_EVER: Final = (*_OF_THEIR_OWN, "id", "created_at")
_SELECT: Final = select(imports, users.c.public_id.label("owner")).join_from(imports, users)


@final
class SqlImports(SqlTable):
    """See the port."""

    async def add(self, new: VideoImport, *, idempotency_key: str | None, request_digest: str) -> None:
        columns = {
            **columns_of(new, but=_OF_THEIR_OWN),
            "user_id": row_of(users, new.owner),
            "options": options_text(new.options),
            "version": new.version // VERSION_STEP,
            "idempotency_key": idempotency_key,
            "request_digest": request_digest,
            "traceparent": current_traceparent(),
        }
        await self._write(insert(imports).values(**columns))

    async def get(self, found: VideoId) -> VideoImport | None:
        return next(iter(await self._all(_SELECT.where(_i.id == found))), None)

    async def by_idempotency_key(self, owner: UserId, key: str) -> tuple[VideoImport, str] | None:
        row = await self._row(_SELECT.where(users.c.public_id == owner, _i.idempotency_key == key))
        return None if row is None else (_import_of(row), row["request_digest"])

    async def current(self, owner: UserId, ended_since: datetime, limit: int) -> Sequence[VideoImport]:
        recent = _i.status.in_(UNFINISHED_IMPORTS) | (_i.ended_at >= ended_since)
        found = _SELECT.where(users.c.public_id == owner, recent)
        return await self._all(found.order_by(_i.created_at.desc(), _i.id).limit(limit))

    async def unfinished(self, owner: UserId) -> Sequence[VideoImport]:
        return await self._all(_SELECT.where(users.c.public_id == owner, _i.status.in_(UNFINISHED_IMPORTS)))

    async def due(self, now: datetime, limit: int) -> Sequence[DueImport]:
        which = select(_i.id, users.c.public_id.label("owner"), _i.traceparent).join_from(imports, users)
        rows = await self._rows(which.where(_due(now)).order_by(_i.wake_at, _i.id).limit(limit))
        return [record_of(DueImport, row) for row in rows]

    async def change(self, seen: VideoImport, to: VideoImport, *, due_by: datetime | None = None) -> bool:
        as_seen = [_i.id == seen.id, _i.attempt == seen.attempt, _i.status == seen.status]
        if due_by is not None:
            as_seen.append(_due(due_by))
        failure = columns_of(to.failure, "failure_")
        changed = columns_of(to, but=_FOR_EVER) | failure | {"version": _i.version + 1}
        return await self._write(update(imports).where(*as_seen).values(**changed)) == 1

    async def wake(self, owner: UserId, now: datetime) -> None:
        waiting = (_i.user_id == row_of(users, owner), _i.status == ImportStatus.WAITING)
        await self._write(update(imports).where(*waiting).values(wake_at=now))

    async def forget(self, *, ended_before: datetime, limit: int) -> None:
        await self._forget(imports, _i.ended_at < ended_before, limit)

    async def _all(self, query: Select[Any]) -> Sequence[VideoImport]:
        return [_import_of(row) for row in await self._rows(query)]


def _due(now: datetime) -> ColumnElement[bool]:
    return _i.status.in_(UNFINISHED_IMPORTS) & (_i.wake_at <= now)


def _import_of(row: RowMapping) -> VideoImport:
    return record_of(
        VideoImport,
        row,
        options=options_of(row["options"]),
        version=row["version"] * VERSION_STEP,
        failure=part_of(ImportFailure, row, "failure_", known_by="code"),
    )
