"""The table ``notifications``."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import ColumnElement, RowMapping, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.notification import DeliveryStatus, Notification, NotificationChannel, NotificationEvent
from app.domain.user import UserId
from app.infra.sql.events import row_of as video_row_of
from app.infra.sql.rows import failure_columns, failure_of
from app.infra.sql.tables import notifications, users, video_processings
from app.infra.sql.types import EARLIEST, LATEST, milliseconds
from app.infra.sql.users import row_of as user_row_of
from app.infra.traces import current_traceparent
from app.usecases.paging import PageKey

_ANSWER_MAX: Final = 2000
_n: Final = notifications.c
_SELECT: Final = (
    select(notifications, users.c.public_id.label("user"), video_processings.c.public_id.label("video"))
    .join_from(notifications, users)
    .outerjoin(video_processings, _n.video_id == video_processings.c.id)
)


@final
class SqlNotifications:
    """See the port."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, notification: Notification, *, wake_at: datetime) -> None:
        await self._connection.execute(
            insert(notifications).values(
                id=notification.id,
                user_id=user_row_of(notification.user),
                video_id=None if notification.video is None else video_row_of(notification.video),
                channel=notification.channel.value,
                event=notification.event,
                file_name=notification.file_name,
                status=DeliveryStatus.PENDING.value,
                attempts=notification.attempts,
                wake_at=milliseconds(wake_at),
                created_at=notification.created_at,
                data=json.dumps(dict(notification.data), ensure_ascii=False, separators=(",", ":")),
                traceparent=current_traceparent(),
                **failure_columns(notification.failure),
            )
        )

    async def get(self, owner: UserId, notification: str) -> Notification | None:
        found = await self._all(_SELECT.where(users.c.public_id == owner, _n.id == notification))
        return found[0] if found else None

    async def page(self, owner: UserId, after: PageKey | None, limit: int) -> Sequence[Notification]:
        mine = _SELECT.where(users.c.public_id == owner)
        if after is not None:
            # As in SqlVideos.page: within what a TIMESTAMP can be, and the first half bounds the range of the index.
            at = min(max(after.created_at, EARLIEST), LATEST)
            mine = mine.where(_n.created_at <= at, or_(_n.created_at < at, _n.id < after.id))
        return await self._all(mine.order_by(_n.created_at.desc(), _n.id.desc()).limit(limit))

    async def latest(self, owner: UserId, channel: NotificationChannel, event: str) -> Notification | None:
        which = (users.c.public_id == owner, _n.channel == channel.value, _n.event == event)
        found = await self._all(_SELECT.where(*which).order_by(_n.created_at.desc(), _n.id.desc()).limit(1))
        return found[0] if found else None

    async def again(self, owner: UserId, notification: str, now: datetime) -> bool:
        changed = update(notifications).where(_n.id == notification, _n.user_id == user_row_of(owner))
        to = {"status": DeliveryStatus.PENDING.value, "wake_at": milliseconds(now), "tried_since": now}
        return (await self._connection.execute(changed.values(delivered_at=None, **to))).rowcount == 1

    async def due(
        self, channel: NotificationChannel, now: datetime, limit: int, *, per_user: int
    ) -> Sequence[Notification]:
        place = func.row_number().over(partition_by=_n.user_id, order_by=(_n.wake_at, _n.id)).label("place")
        ranked = select(_n.id, place).where(_due(now), _n.channel == channel.value).subquery()
        return await self._all(
            _SELECT.join(ranked, ranked.c.id == _n.id)
            .where(ranked.c.place <= per_user)
            .order_by(ranked.c.place, _n.wake_at, _n.id)
            .limit(limit)
        )

    async def count_due(self, now: datetime) -> int:
        counted = select(func.count()).select_from(notifications).where(_due(now))
        return (await self._connection.execute(counted)).scalar_one()

    async def claim(self, notification: Notification, *, now: datetime, until: datetime) -> bool:
        return await self._change(
            notification.id,
            notification.attempts,
            _due(now),
            attempts=notification.attempts + 1,
            wake_at=milliseconds(until),
        )

    async def delivered(self, notification: str, attempts: int, *, answer: str, at: datetime) -> bool:
        return await self._change(
            notification, attempts, status=DeliveryStatus.DELIVERED.value, answer=answer[:_ANSWER_MAX], delivered_at=at
        )

    async def postpone(self, notification: str, attempts: int, *, answer: str, to: datetime) -> bool:
        return await self._change(notification, attempts, answer=answer[:_ANSWER_MAX], wake_at=milliseconds(to))

    async def give_up(self, notification: str, attempts: int, *, answer: str) -> bool:
        return await self._change(
            notification, attempts, status=DeliveryStatus.FAILED.value, answer=answer[:_ANSWER_MAX]
        )

    async def waiting_digest(self, owner: UserId) -> str | None:
        pending = (_n.status == DeliveryStatus.PENDING.value, _n.attempts == 0)
        which = select(_n.id).where(_n.user_id == user_row_of(owner), _n.event == NotificationEvent.DIGEST, *pending)
        return (await self._connection.execute(which.order_by(_n.wake_at, _n.id).limit(1))).scalar()

    async def hold(self, notification: str, attempts: int, *, digest: str, answer: str, until: datetime) -> bool:
        return await self._change(
            notification,
            attempts,
            digest_id=digest,
            answer=answer[:_ANSWER_MAX],
            wake_at=milliseconds(until),
            tried_since=until,
        )

    async def held(self, digest: str) -> Mapping[str, int]:
        counted = select(_n.event, func.count().label("times")).where(*_left_to(digest)).group_by(_n.event)
        return {row.event: row.times for row in await self._connection.execute(counted)}

    async def settle_held(self, digest: str, status: DeliveryStatus, *, answer: str, at: datetime | None) -> None:
        to = {"status": status.value, "answer": answer[:_ANSWER_MAX], "delivered_at": at}
        await self._connection.execute(update(notifications).where(*_left_to(digest)).values(**to))

    async def _all(self, which: Select[Any]) -> Sequence[Notification]:
        return [_notification(row) for row in (await self._connection.execute(which)).mappings()]

    async def _change(self, notification: str, attempt: int, *also: ColumnElement[bool], **to: Any) -> bool:
        pending = (_n.status == DeliveryStatus.PENDING.value, _n.attempts == attempt)
        changed = update(notifications).where(_n.id == notification, *pending, *also).values(**to)
        return (await self._connection.execute(changed)).rowcount == 1


def _left_to(digest: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _n.digest_id == digest, _n.status == DeliveryStatus.PENDING.value


def _due(now: datetime) -> ColumnElement[bool]:
    return (_n.status == DeliveryStatus.PENDING.value) & (_n.wake_at <= milliseconds(now))


def _notification(row: RowMapping) -> Notification:
    return Notification(
        id=row["id"],
        user=row["user"],
        video=row["video"],
        channel=NotificationChannel(row["channel"]),
        event=row["event"],
        file_name=row["file_name"],
        failure=failure_of(row),
        attempts=row["attempts"],
        created_at=row["created_at"],
        data=json.loads(row["data"]) if row["data"] else {},
        status=DeliveryStatus(row["status"]),
        answer=row["answer"],
        delivered_at=row["delivered_at"],
        tried_since=row["tried_since"],
        traceparent=row["traceparent"],
    )
