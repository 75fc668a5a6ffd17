"""The record of notifications."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.notification import DeliveryStatus, Notification, NotificationChannel
from app.domain.user import UserId
from app.usecases.paging import Slice


class Notifications(Protocol):
    """The table ``notifications``: unique by (video, channel, event); ``attempts`` is a delivery's fencing token."""

    async def add(self, notification: Notification, *, wake_at: datetime) -> None: ...
    async def get(self, owner: UserId, notification: str) -> Notification | None: ...
    async def page(self, owner: UserId, part: Slice) -> Sequence[Notification]:
        """Return the owner's, newest first (by created_at, then id)."""

    async def latest(self, owner: UserId, channel: NotificationChannel, event: str) -> Notification | None: ...
    async def again(self, owner: UserId, notification: str, now: datetime) -> bool:
        """Let its delivery begin anew, however it stands."""

    async def due(
        self, channel: NotificationChannel, now: datetime, limit: int, *, per_user: int
    ) -> Sequence[Notification]:
        """Return what is due, each user's oldest before any user's second: one user's many delay nobody's one."""

    async def count_due(self, now: datetime) -> int: ...
    async def claim(self, notification: Notification, *, now: datetime, until: datetime) -> bool: ...
    async def delivered(self, notification: str, attempts: int, *, answer: str, at: datetime) -> bool: ...
    async def postpone(self, notification: str, attempts: int, *, answer: str, to: datetime) -> bool: ...
    async def give_up(self, notification: str, attempts: int, *, answer: str) -> bool: ...
    async def waiting_digest(self, owner: UserId) -> str | None:
        """Return the id of the owner's digest that nobody has begun to send."""

    async def hold(self, notification: str, attempts: int, *, digest: str, answer: str, until: datetime) -> bool:
        """Leave it to a digest; where that never comes, its delivery begins anew at ``until``."""

    async def held(self, digest: str) -> Mapping[str, int]:
        """Count what is left to this digest, by event."""

    async def settle_held(self, digest: str, status: DeliveryStatus, *, answer: str, at: datetime | None) -> None:
        """Write down what became of all that was left to this digest."""
