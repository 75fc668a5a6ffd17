"""The table ``notifications``."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import ColumnElement, RowMapping, Select, func, insert, select, update

from app.domain.notification import DeliveryStatus, Notification, NotificationChannel, NotificationEvent
from app.domain.user import UserId
from app.infra.sql.rows import columns_of, failure_of, record_of
from app.infra.sql.table import SqlTable, row_of
from app.infra.sql.tables import notifications, users, video_processings
from app.infra.traces import current_traceparent
from app.usecases.paging import Slice

_ANSWER_MAX: Final = 2000
_n: Final = notifications.c
_SELECT: Final = (
    select(notifications, users.c.public_id.label("user"), video_processings.c.public_id.label("video"))
    .join_from(notifications, users)
    .outerjoin(video_processings, _n.video_id == video_processings.c.id)
)


@final
class SqlNotifications(SqlTable):
    """See the port."""

    async def add(self, notification: Notification, *, wake_at: datetime) -> None:
        columns = {
            **columns_of(notification, but=("user", "video", "failure")),
            **columns_of(notification.failure, "failure_"),
            "user_id": row_of(users, notification.user),
            "video_id": None if notification.video is None else row_of(video_processings, notification.video),
            "data": json.dumps(dict(notification.data), ensure_ascii=False, separators=(",", ":")),
            "wake_at": wake_at,
            "traceparent": current_traceparent(),
        }
        await self._write(insert(notifications).values(**columns))

    async def get(self, owner: UserId, notification: str) -> Notification | None:
        return await self._first(_SELECT.where(users.c.public_id == owner, _n.id == notification))

    async def page(self, owner: UserId, part: Slice) -> Sequence[Notification]:
        return await self._some(_SELECT.where(users.c.public_id == owner), part)

    async def latest(self, owner: UserId, channel: NotificationChannel, event: str) -> Notification | None:
        such = _SELECT.where(users.c.public_id == owner, _n.channel == channel, _n.event == event)
        return next(iter(await self._some(such, Slice(1))), None)

    async def again(self, owner: UserId, notification: str, now: datetime) -> bool:
        changed = update(notifications).where(_n.id == notification, _n.user_id == row_of(users, owner))
        anew = changed.values(status=DeliveryStatus.PENDING, wake_at=now, tried_since=now, delivered_at=None)
        return await self._write(anew) == 1

    async def due(
        self, channel: NotificationChannel, now: datetime, limit: int, *, per_user: int
    ) -> Sequence[Notification]:
        place = func.row_number().over(partition_by=_n.user_id, order_by=(_n.wake_at, _n.id)).label("place")
        ranked = select(_n.id, place).where(_due(now), _n.channel == channel).subquery()
        return await self._all(
            _SELECT.join(ranked, ranked.c.id == _n.id)
            .where(ranked.c.place <= per_user)
            .order_by(ranked.c.place, _n.wake_at, _n.id)
            .limit(limit)
        )

    async def count_due(self, now: datetime) -> int:
        return await self._count(notifications, _due(now))

    async def claim(self, notification: Notification, *, now: datetime, until: datetime) -> bool:
        return await self._change(
            notification.id,
            notification.attempts,
            _due(now),
            attempts=notification.attempts + 1,
            wake_at=until,
        )

    async def delivered(self, notification: str, attempts: int, *, answer: str, at: datetime) -> bool:
        return await self._change(
            notification, attempts, status=DeliveryStatus.DELIVERED, answer=answer[:_ANSWER_MAX], delivered_at=at
        )

    async def postpone(self, notification: str, attempts: int, *, answer: str, to: datetime) -> bool:
        return await self._change(notification, attempts, answer=answer[:_ANSWER_MAX], wake_at=to)

    async def give_up(self, notification: str, attempts: int, *, answer: str) -> bool:
        return await self._change(notification, attempts, status=DeliveryStatus.FAILED, answer=answer[:_ANSWER_MAX])

    async def waiting_digest(self, owner: UserId) -> str | None:
        pending = (_n.status == DeliveryStatus.PENDING, _n.attempts == 0)
        which = select(_n.id).where(_n.user_id == row_of(users, owner), _n.event == NotificationEvent.DIGEST, *pending)
        return (await self._connection.execute(which.order_by(_n.wake_at, _n.id).limit(1))).scalar()

    async def hold(self, notification: str, attempts: int, *, digest: str, answer: str, until: datetime) -> bool:
        return await self._change(
            notification,
            attempts,
            digest_id=digest,
            answer=answer[:_ANSWER_MAX],
            wake_at=until,
            tried_since=until,
        )

    async def held(self, digest: str) -> Mapping[str, int]:
        counted = select(_n.event, func.count().label("times")).where(*_left_to(digest)).group_by(_n.event)
        return {row.event: row.times for row in await self._connection.execute(counted)}

    async def settle_held(self, digest: str, status: DeliveryStatus, *, answer: str, at: datetime | None) -> None:
        to = {"status": status, "answer": answer[:_ANSWER_MAX], "delivered_at": at}
        await self._write(update(notifications).where(*_left_to(digest)).values(**to))

    async def _some(self, which: Select[Any], part: Slice) -> Sequence[Notification]:
        return [_notification_of(row) for row in await self._slice(which, _n.created_at, _n.id, part)]

    async def _all(self, which: Select[Any]) -> Sequence[Notification]:
        return [_notification_of(row) for row in await self._rows(which)]

    async def _first(self, which: Select[Any]) -> Notification | None:
        return next(iter(await self._all(which)), None)

    async def _change(self, notification: str, attempt: int, *also: ColumnElement[bool], **to: Any) -> bool:
        pending = (_n.status == DeliveryStatus.PENDING, _n.attempts == attempt)
        changed = update(notifications).where(_n.id == notification, *pending, *also)
        return await self._write(changed.values(**to)) == 1


def _notification_of(row: RowMapping) -> Notification:
    data = json.loads(row["data"]) if row["data"] else {}
    return record_of(Notification, row, failure=failure_of(row), data=data)


def _left_to(digest: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _n.digest_id == digest, _n.status == DeliveryStatus.PENDING


def _due(now: datetime) -> ColumnElement[bool]:
    return (_n.status == DeliveryStatus.PENDING) & (_n.wake_at <= now)
