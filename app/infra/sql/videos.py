"""The table ``video_processings``."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, final

from sqlalchemy import ColumnElement, RowMapping, Select, case, delete, func, insert, literal, or_, select, update

from app.domain.batch import BatchId
from app.domain.failure import Failure
from app.domain.lease import Lease
from app.domain.search import folded
from app.domain.storyboard import Storyboard
from app.domain.upload_reservation import AcceptedUpload
from app.domain.user import UserId
from app.domain.video import (
    FINAL,
    UNFINISHED,
    FramesArchive,
    MediaInfo,
    ProcessingStatus,
    Progress,
    VideoId,
    VideoOrder,
    VideoProcessing,
    frame_index_key,
    result_prefix,
    storyboard_key,
)
from app.infra.sql.pauses import PAUSED
from app.infra.sql.rows import (
    columns_of,
    lease_of,
    source_hash,
    storable,
    storyboard_of,
    storyboard_text,
    video_columns,
    video_of,
)
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import batch_videos, users, video_processings
from app.infra.sql.types import Timestamp, milliseconds
from app.infra.traces import current_traceparent
from app.usecases.paging import Slice
from app.usecases.ports.videos import Backlog, DueVideo, VideoFilter
from app.usecases.video_orders import UNKNOWN_DURATION

_v: Final = video_processings.c
_SELECT: Final = select(video_processings, users.c.public_id.label("owner")).join_from(video_processings, users)
_UNFINISHED: Final = _v.status.in_(UNFINISHED)
_NAMING: Final = (
    _v.public_id, _v.status, _v.attempt, _v.archive_key, _v.archive_contact_sheet_key, _v.storyboard,
)  # fmt: skip
_KEPT: Final = _v.expired_at.is_(None)
# What a process of a former version wrote has no folded name.
_FOLDED: Final = func.coalesce(_v.folded_name, func.lower(_v.original_file_name))
# By what each goes, and whether the least comes first. All but the first two sort what the owner has.
_ORDERS: Final[Mapping[VideoOrder, tuple[ColumnElement[Any], bool]]] = {
    VideoOrder.NEWEST: (_v.created_at, False),
    VideoOrder.OLDEST: (_v.created_at, True),
    VideoOrder.NAME: (_FOLDED, True),
    VideoOrder.LARGEST: (_v.size_bytes, False),
    VideoOrder.LONGEST: (func.coalesce(_v.media_duration_seconds, UNKNOWN_DURATION), False),
}
_IS_PAUSED: Final = PAUSED.label("paused")
_NOT_SWEPT: Final = {"sweeps": 0, "sweep_delay": 0}
# Only what has the form of an id is compared with ids: a bucket may hold anything, and their column holds ASCII.
_RESULT: Final = re.compile(re.escape(result_prefix(VideoId("@"))).replace("@", "([0-9a-f-]{36})"))


@final
class SqlVideos(SqlTable):
    """See the port. Every UPDATE raises ``version``, so that a matched row is a changed row for every driver."""

    async def add(
        self, video: VideoProcessing, *, idempotency_key: str | None, request_digest: str, wake_at: datetime
    ) -> None:
        await self._write(
            insert(video_processings).values(
                user_id=row_of(users, video.owner),
                idempotency_key=idempotency_key,
                request_digest=request_digest,
                wake_at=milliseconds(wake_at),
                lost_attempts=0,
                released=False,
                transient_failures=0,
                traceparent=current_traceparent(),
                **_NOT_SWEPT,
                **video_columns(video),
            )
        )

    async def get(self, video: VideoId) -> VideoProcessing | None:
        return next(iter(await self._all(_SELECT.where(_v.public_id == video))), None)

    async def lease(self, video: VideoId) -> Lease | None:
        row = await self._row(_SELECT.add_columns(_IS_PAUSED).where(_v.public_id == video))
        return None if row is None else lease_of(row)

    async def by_idempotency_key(self, owner: UserId, key: str) -> AcceptedUpload | None:
        row = await self._row(_SELECT.where(users.c.public_id == owner, _v.idempotency_key == key))
        return None if row is None else AcceptedUpload(video_of(row), row["request_digest"])

    async def count(self, owner: UserId, statuses: Collection[ProcessingStatus], batch: BatchId | None = None) -> int:
        mine = (_v.user_id == row_of(users, owner)) & _v.status.in_(statuses)
        return await self._count(video_processings, mine if batch is None else mine & _within(batch))

    async def stored_bytes(self, owner: UserId | None) -> int:
        mine = _KEPT if owner is None else _KEPT & (_v.user_id == row_of(users, owner))
        # Processings of one file share it, and its size.
        source = select(func.max(_v.size_bytes).label("bytes")).where(mine).group_by(_v.source_hash).subquery()
        return await self._sum(source.c.bytes) + await self._sum(_v.archive_size_bytes, mine)

    async def page(
        self,
        owner: UserId,
        statuses: Collection[ProcessingStatus],
        part: Slice,
        batch: BatchId | None = None,
    ) -> Sequence[VideoProcessing]:
        return await self.listed(owner, VideoFilter(statuses, batch=batch), VideoOrder.NEWEST, part)

    async def listed(
        self, owner: UserId, which: VideoFilter, order: VideoOrder, part: Slice
    ) -> Sequence[VideoProcessing]:
        wanted = _SELECT.where(users.c.public_id == owner, *_meant(which))
        by, ascending = _ORDERS[order]
        rows = await self._slice(wanted, by, _v.public_id, part, ascending=ascending)
        return [video_of(row) for row in rows]

    async def counts(self, owner: UserId, which: VideoFilter) -> Mapping[ProcessingStatus, int]:
        counted = select(_v.status, func.count()).where(_v.user_id == row_of(users, owner), *_meant(which))
        return {status: int(count) for status, count in await self._connection.execute(counted.group_by(_v.status))}

    async def current(self, owner: UserId, ended_since: datetime, limit: int) -> Sequence[VideoProcessing]:
        return await self._all(
            _SELECT.where(users.c.public_id == owner, or_(_UNFINISHED, _v.completed_at >= ended_since))
            .order_by(case((_UNFINISHED, 0), else_=1), _v.created_at.desc(), _v.public_id.desc())
            .limit(limit)
        )

    async def some(self, owner: UserId, videos: Collection[VideoId]) -> Sequence[VideoProcessing]:
        return await self._all(_SELECT.where(users.c.public_id == owner, _v.public_id.in_(videos)))

    async def sources(self, owner: UserId) -> Sequence[tuple[VideoId, str]]:
        mine = select(_v.public_id, _v.source_key).where(_v.user_id == row_of(users, owner))
        return [(VideoId(video), source) for video, source in await self._connection.execute(mine)]

    async def claim(self, lease: Lease, *, now: datetime, until: datetime, lost_attempts: int) -> bool:
        seen = lease.video
        if seen.status not in UNFINISHED:
            return False
        as_seen = [_v.status == seen.status, _v.attempt == seen.attempt, _v.released == lease.released, ~PAUSED]
        if seen.status is ProcessingStatus.PROCESSING:
            as_seen.append(_v.wake_at < milliseconds(now))
        return await self._change(
            seen.id,
            *as_seen,
            status=ProcessingStatus.PROCESSING,
            attempt=seen.attempt + 1,
            wake_at=milliseconds(until),
            released=False,
            lost_attempts=lost_attempts,
            folded_name=folded(seen.original_file_name),
            started_at=func.coalesce(_v.started_at, literal(now, Timestamp)),
            **_NOT_SWEPT,
            **columns_of(Progress(), "progress_"),
        )

    async def heartbeat(
        self,
        video: VideoId,
        attempt: int,
        *,
        until: datetime,
        progress: Progress,
        media: MediaInfo | None,
        storyboard: Storyboard | None = None,
    ) -> bool:
        return await self._change(
            video,
            *_held(attempt),
            _v.released.is_(False),  # Who gave it back cannot take it again without a claim.
            wake_at=milliseconds(until),
            **_NOT_SWEPT,
            storyboard=storyboard_text(storyboard),
            **columns_of(progress, "progress_"),
            **columns_of(media, "media_"),
        )

    async def complete(
        self,
        video: VideoId,
        attempt: int,
        *,
        archive: FramesArchive,
        at: datetime,
        media: MediaInfo | None = None,
        storyboard: Storyboard | None = None,
    ) -> bool:
        return await self._change(
            video,
            *_held(attempt),
            status=ProcessingStatus.COMPLETED,
            completed_at=at,
            storyboard=storyboard_text(storyboard),
            **columns_of(archive, "archive_"),
            **columns_of(archive.progress, "progress_"),
            **columns_of(media, "media_"),
        )

    async def fail(self, seen: VideoProcessing, *, failure: Failure, at: datetime, expired: bool = False) -> bool:
        if not seen.status.may_become(ProcessingStatus.FAILED):
            return False
        as_seen = [_v.status == seen.status, _v.attempt == seen.attempt]
        if expired:
            as_seen.append(_v.wake_at < milliseconds(at))
        failed = columns_of(failure, "failure_")
        return await self._change(seen.id, *as_seen, status=ProcessingStatus.FAILED, completed_at=at, **failed)

    async def release(
        self, video: VideoId, attempt: int, *, wake_at: datetime, transient_failures: int, broken_by: Sequence[str] = ()
    ) -> bool:
        return await self._change(
            video,
            *_held(attempt),
            _v.released.is_(False),
            released=True,
            wake_at=milliseconds(wake_at),
            transient_failures=transient_failures,
            **({"broken_by": " ".join(broken_by)} if broken_by else {}),
            **_NOT_SWEPT,
        )

    async def release_all(self, *, wake_at: datetime, below: int, run_out_before: datetime | None = None) -> int:
        held = [_v.status == ProcessingStatus.PROCESSING, _v.released.is_(False), _v.transient_failures < below]
        if run_out_before is not None:
            held.append(_v.wake_at < milliseconds(run_out_before))
        return await self._write(
            update(video_processings)
            .where(*held)
            .values(
                released=True,
                wake_at=milliseconds(wake_at),
                transient_failures=_v.transient_failures + 1,
                version=_v.version + 1,
                **_NOT_SWEPT,
            )
        )

    async def due(self, now: datetime, limit: int) -> Sequence[DueVideo]:
        found = await self._connection.execute(
            select(_v.public_id, users.c.public_id.label("owner"), _v.sweeps, _v.traceparent)
            .join_from(video_processings, users)
            .where(*_is_due(now))
            .order_by(_v.wake_at + _v.sweep_delay, video_processings.c.id)
            .limit(limit)
        )
        return [DueVideo(*row) for row in found]

    async def backlog(self, now: datetime) -> Backlog:
        processing = _v.status == ProcessingStatus.PROCESSING
        run_out, held = processing & (_v.wake_at < milliseconds(now)), processing & (_v.wake_at >= milliseconds(now))
        counted = select(
            func.count(case((_v.status == ProcessingStatus.PENDING, 1))).label("pending"),
            func.count(case((_v.status == ProcessingStatus.PROCESSING, 1))).label("processing"),
            func.count(case((run_out, 1))).label("run_out"),
            func.min(case((_v.status == ProcessingStatus.PENDING, _v.created_at))).label("oldest"),
            func.sum(case((_v.status == ProcessingStatus.PENDING, _v.size_bytes), else_=0)).label("bytes"),
        ).where(_UNFINISHED, or_(held, ~PAUSED))
        found = (await self._connection.execute(counted)).one()
        return Backlog(found.pending, found.processing, found.run_out, found.oldest, int(found.bytes or 0))

    async def swept(self, videos: Mapping[VideoId, float], now: datetime) -> None:
        at = milliseconds(now)
        by_delay = sorted((round(seconds * 1000), video) for video, seconds in videos.items())
        for more, group in groupby(by_delay, key=lambda pair: pair[0]):
            # Counted from the time it was due, or from now where that lies far behind, as when all had been stopped.
            late = _v.wake_at + _v.sweep_delay + more < at
            await self._write(
                update(video_processings)
                .where(_v.public_id.in_([video for _, video in group]), *_is_due(now))
                .values(
                    sweep_delay=case((late, at - _v.wake_at + more), else_=_v.sweep_delay + more),
                    sweeps=_v.sweeps + 1,
                    version=_v.version + 1,
                )
            )

    async def completed(self, after: VideoId | None, limit: int) -> Sequence[VideoProcessing]:
        return await self._all(_behind(after, limit).where(_v.status == ProcessingStatus.COMPLETED))

    async def kept(self, after: VideoId | None, limit: int) -> Sequence[Lease]:
        return [lease_of(row) for row in await self._rows(_behind(after, limit).add_columns(_IS_PAUSED))]

    async def to_expire(self, ended_by: datetime, limit: int) -> Sequence[tuple[UserId, VideoId]]:
        found = await self._connection.execute(
            select(users.c.public_id, _v.public_id)
            .join_from(video_processings, users)
            .where(_KEPT, _v.completed_at <= storable(ended_by), _v.status.in_(FINAL))
            .order_by(_v.completed_at)
            .limit(limit)
        )
        return [(UserId(owner), VideoId(video)) for owner, video in found]

    async def expire(self, video: VideoId, at: datetime) -> bool:
        return await self._change(video, _KEPT, _v.status.in_(FINAL), expired_at=at)

    async def remove(self, video: VideoId) -> bool:
        return await self._write(delete(video_processings).where(_v.public_id == video)) == 1

    async def names_source(self, source_key: str) -> bool:
        return bool(await self._sources([source_key]))

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        results = await self._results(keys, _KEPT)
        known = {key for key, (status, named) in results.items() if status in UNFINISHED or key in named}
        return known | await self._sources(keys)

    async def never_named(self, keys: Collection[str]) -> set[str]:
        results = await self._results(keys, _v.status.in_(FINAL))
        return {key for key, (_, named) in results.items() if key not in named}

    async def _results(
        self, keys: Collection[str], which: ColumnElement[bool]
    ) -> Mapping[str, tuple[ProcessingStatus, set[str | None]]]:
        """Return, of the keys that lie under such a row, its status and what it names there."""
        videos = {key: found[1] for key in keys if (found := _RESULT.match(key))}
        rows = await self._rows(select(*_NAMING).where(which, _v.public_id.in_(set(videos.values()))))
        named = {row["public_id"]: (row["status"], _named(row)) for row in rows}
        return {key: named[video] for key, video in videos.items() if video in named}

    async def _sources(self, keys: Collection[str]) -> set[str]:
        hashes = [source_hash(key) for key in keys]
        found = await self._connection.execute(select(_v.source_key).where(_KEPT, _v.source_hash.in_(hashes)))
        return set(found.scalars())

    async def _all(self, query: Select[Any]) -> list[VideoProcessing]:
        return [video_of(row) for row in await self._rows(query)]

    async def _change(self, video: VideoId, *as_seen: ColumnElement[bool], **to: Any) -> bool:
        """Compare and set: one UPDATE, and True where the one row was still as it was seen."""
        changed = update(video_processings).where(_v.public_id == video, *as_seen)
        return await self._write(changed.values(version=_v.version + 1, **to)) == 1


def _behind(after: VideoId | None, limit: int) -> Select[Any]:
    """Return what selects so many whose files are kept, in the order of their ids, behind this one."""
    return _SELECT.where(_KEPT, _v.public_id > (after or "")).order_by(_v.public_id).limit(limit)


def _named(row: RowMapping) -> set[str | None]:
    """Return what a row with a ZIP names beside it: the index of its pictures and its storyboard go by rules."""
    archive, storyboard = row["archive_key"], storyboard_of(row)
    if archive is None:
        return set()
    files = [] if storyboard is None else [name for name, _ in storyboard.names()]
    beside = {storyboard_key(row["public_id"], row["attempt"], name) for name in files}
    return {archive, row["archive_contact_sheet_key"], frame_index_key(archive), *beside}


def _meant(which: VideoFilter) -> Iterator[ColumnElement[bool]]:
    yield _v.status.in_(which.statuses)
    for word in which.words:
        yield func.instr(_FOLDED, word) > 0
    if which.created_from is not None:
        yield _v.created_at >= storable(which.created_from)
    if which.created_to is not None:
        yield _v.created_at < storable(which.created_to)
    if which.batch is not None:
        yield _within(which.batch)


def _within(batch: BatchId) -> ColumnElement[bool]:
    return video_processings.c.id.in_(select(batch_videos.c.video_id).where(batch_videos.c.batch_id == batch))


def _held(attempt: int) -> tuple[ColumnElement[bool], ...]:
    return _v.status == ProcessingStatus.PROCESSING, _v.attempt == attempt


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    at = milliseconds(now)
    # The bare wake_at, though implied, is what the index can find.
    return _UNFINISHED, _v.wake_at < at, _v.wake_at + _v.sweep_delay < at, ~PAUSED
