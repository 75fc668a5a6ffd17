"""The table ``video_processings`` as operators see it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, final

from sqlalchemy import ColumnElement, func, select, update

from app.domain.failure import FailureCode
from app.domain.user import UserId
from app.domain.video import UNFINISHED, VideoId
from app.infra.sql.pauses import PAUSED
from app.infra.sql.rows import lease_of, storable
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import users, video_processings
from app.usecases.paging import Slice
from app.usecases.ports.jobs import Job, JobFilter

_v: Final = video_processings.c
_later: Final = video_processings.alias("later")
_SELECT: Final = select(
    video_processings, users.c.public_id.label("owner"), users.c.email.label("owner_email"), PAUSED.label("paused")
).join_from(video_processings, users)
# By the index over sources; ids rise in the order in which processings are made.
_LATER_OF_ITS_FILE: Final = (
    (_later.c.source_hash == _v.source_hash) & (_later.c.user_id == _v.user_id) & (_later.c.id > _v.id)
)


@final
class SqlJobs(SqlTable):
    """See the port."""

    async def get(self, video: VideoId) -> Job | None:
        row = await self._row(_SELECT.where(_v.public_id == video))
        return None if row is None else Job(lease_of(row), row["owner_email"])

    async def page(self, wanted: JobFilter, part: Slice, *, oldest_first: bool = False) -> Sequence[Job]:
        found = _SELECT.where(*_conditions(wanted))
        rows = await self._slice(found, _v.created_at, _v.public_id, part, ascending=oldest_first)
        return [Job(lease_of(row), row["owner_email"]) for row in rows]

    async def processed_again(self, video: VideoId) -> VideoId | None:
        last = (
            select(_later.c.public_id)
            .select_from(video_processings.join(_later, _LATER_OF_ITS_FILE))
            .where(_v.public_id == video)
            .order_by(_later.c.id.desc())
            .limit(1)
        )
        found: VideoId | None = (await self._connection.execute(last)).scalar()
        return found

    async def failures(self, since: datetime) -> Mapping[FailureCode, int]:
        counted = select(_v.failure_code, func.count()).where(
            _v.failure_code.is_not(None), _v.completed_at >= storable(since)
        )
        found = await self._connection.execute(counted.group_by(_v.failure_code))
        return {code: int(count) for code, count in found}

    async def paused(self) -> int:
        return await self._count(video_processings, _v.status.in_(UNFINISHED) & PAUSED)

    async def wake(self, owner: UserId | None) -> None:
        put_off = [_v.status.in_(UNFINISHED), _v.sweep_delay > 0]
        if owner is not None:
            put_off.append(_v.user_id == row_of(users, owner))
        changed = update(video_processings).where(*put_off)
        await self._write(changed.values(sweeps=0, sweep_delay=0, version=_v.version + 1))


def _conditions(wanted: JobFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.statuses:
        yield _v.status.in_(wanted.statuses)
    if wanted.owner is not None:
        yield _v.user_id == row_of(users, wanted.owner)
    if wanted.code is not None:
        yield _v.failure_code == wanted.code
    if wanted.created_before is not None:
        yield _v.created_at < storable(wanted.created_before)
    if wanted.created_since is not None:
        yield _v.created_at >= storable(wanted.created_since)
    if wanted.ended_since is not None:
        yield _v.completed_at >= storable(wanted.ended_since)
    if wanted.last_of_its_file:
        yield ~select(_later.c.id).where(_LATER_OF_ITS_FILE).correlate(video_processings).exists()
