"""The tables ``batches`` and ``batch_videos``."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import RowMapping, Select, delete, func, insert, select, update

from app.domain.batch import Batch, BatchCounts, BatchId
from app.domain.user import UserId
from app.domain.video import FINAL, ProcessingStatus, VideoId
from app.infra.sql.rows import columns_of, options_of, options_text, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import batch_videos, batches, users, video_processings
from app.usecases.paging import Slice

_b: Final = batches.c
_v: Final = video_processings.c
_SELECT: Final = select(batches, users.c.public_id.label("owner")).join_from(batches, users)


@final
class SqlBatches(SqlTable):
    """See the port."""

    async def add(self, batch: Batch) -> None:
        options = None if batch.options is None else options_text(batch.options)
        columns = columns_of(batch, but=("owner", "options"))
        await self._write(insert(batches).values(user_id=row_of(users, batch.owner), options=options, **columns))

    async def get(self, batch: BatchId) -> Batch | None:
        return await self._first(_SELECT.where(_b.id == batch))

    async def by_name(self, owner: UserId, name: str) -> Batch | None:
        return await self._first(_SELECT.where(users.c.public_id == owner, _b.name == name))

    async def count(self, owner: UserId) -> int:
        return await self._count(batches, _b.user_id == row_of(users, owner))

    async def page(self, owner: UserId, part: Slice) -> Sequence[Batch]:
        found = _SELECT.where(users.c.public_id == owner)
        return [_batch(row) for row in await self._slice(found, _b.created_at, _b.id, part)]

    async def counts(self, batches: Collection[BatchId]) -> Mapping[BatchId, BatchCounts]:
        counted = (
            select(batch_videos.c.batch_id, _v.status, func.count(), func.sum(_v.progress_percent))
            .join_from(batch_videos, video_processings)
            .where(batch_videos.c.batch_id.in_(batches))
            .group_by(batch_videos.c.batch_id, _v.status)
        )
        states: dict[BatchId, dict[ProcessingStatus, tuple[int, float]]] = defaultdict(dict)
        for batch, status, count, percent in await self._connection.execute(counted):
            done = 100.0 * count if status in FINAL else percent if status is ProcessingStatus.PROCESSING else 0.0
            states[BatchId(batch)][status] = (int(count), float(done or 0.0))
        return {batch: _counts(found) for batch, found in states.items()}

    async def join(self, batch: BatchId, video: VideoId) -> None:
        await self._write(insert(batch_videos).values(batch_id=batch, video_id=row_of(video_processings, video)))

    async def of_video(self, video: VideoId) -> Batch | None:
        within = _SELECT.join(batch_videos, batch_videos.c.batch_id == _b.id)
        return await self._first(within.where(batch_videos.c.video_id == row_of(video_processings, video)))

    async def videos(self, batch: BatchId, statuses: Collection[ProcessingStatus]) -> Sequence[VideoId]:
        found = await self._connection.execute(
            select(_v.public_id)
            .join_from(batch_videos, video_processings)
            .where(batch_videos.c.batch_id == batch, _v.status.in_(statuses))
            .order_by(_v.created_at, _v.public_id)
        )
        return [VideoId(video) for video in found.scalars()]

    async def close(self, batch: BatchId, at: datetime) -> None:
        await self._write(update(batches).where(_b.id == batch, _b.closed_at.is_(None)).values(closed_at=at))

    async def remove(self, batch: BatchId) -> None:
        await self._write(delete(batches).where(_b.id == batch))

    async def _first(self, query: Select[Any]) -> Batch | None:
        row = await self._row(query)
        return None if row is None else _batch(row)


def _batch(row: RowMapping) -> Batch:
    return record_of(Batch, row, options=None if row["options"] is None else options_of(row["options"]))


def _counts(states: Mapping[ProcessingStatus, tuple[int, float]]) -> BatchCounts:
    counts = {status.name.lower(): count for status, (count, _) in states.items()}
    percent = sum(done for _, done in states.values()) / sum(counts.values())
    return BatchCounts(**counts, percent=percent)
