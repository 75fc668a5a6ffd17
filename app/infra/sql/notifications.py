"""The table ``notifications``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, final

from sqlalchemy import ColumnElement, RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.notification import DeliveryStatus, Notification, NotificationChannel
from app.infra.sql.events import row_of as video_row_of
from app.infra.sql.rows import failure_columns, failure_of
from app.infra.sql.tables import notifications, users, video_processings
from app.infra.sql.types import milliseconds
from app.infra.sql.users import row_of as user_row_of

_ANSWER_MAX: Final = 2000


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
                **failure_columns(notification.failure),
            )
        )

    async def due(self, now: datetime, limit: int) -> Sequence[Notification]:
        found = await self._connection.execute(
            select(notifications, users.c.public_id.label("user"), video_processings.c.public_id.label("video"))
            .join_from(notifications, users)
            .outerjoin(video_processings, notifications.c.video_id == video_processings.c.id)
            .where(_due(now))
            .order_by(notifications.c.wake_at)
            .limit(limit)
        )
        return [_notification(row) for row in found.mappings()]

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

    async def _change(self, notification: str, attempt: int, *also: ColumnElement[bool], **to: Any) -> bool:
        pending = (notifications.c.status == DeliveryStatus.PENDING.value, notifications.c.attempts == attempt)
        changed = update(notifications).where(notifications.c.id == notification, *pending, *also).values(**to)
        return (await self._connection.execute(changed)).rowcount == 1


def _due(now: datetime) -> ColumnElement[bool]:
    return (notifications.c.status == DeliveryStatus.PENDING.value) & (notifications.c.wake_at <= milliseconds(now))


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
    )
