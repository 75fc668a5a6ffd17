"""Notify users of files that were refused for their format."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.errors import RateLimited, UnsupportedFileFormat
from app.domain.notification import NotificationChannel, NotificationEvent
from app.domain.session import Viewer
from app.domain.user import User
from app.usecases.enqueue_notification import Message, notify_owner
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.transactions import Transaction, Transactions

ONE_MAIL_IN: Final = timedelta(hours=1)


@final
@dataclass(frozen=True, slots=True)
class NotifyRejection:
    """Write down that a file was refused: for the webhook each time, by mail at most once an hour.

    Whoever uploads is told by the answer already, so trouble with this is no reason to give them another one. Nobody
    can make us post without end either: what is beyond the rate is not told.
    """

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    limits: RateLimits

    async def __call__(self, viewer: Viewer, file_name: str, refused: UnsupportedFileFormat) -> None:
        try:
            await self.limits.spend(RateLimitKey.REJECTION_BY_ACCOUNT, viewer.id)
            await self.transactions.write(lambda t: self._tell(t, viewer, file_name, refused))
        except (DatabaseUnavailable, RateLimited):
            return
        await self.queue.deliver_notifications()

    async def _tell(self, t: Transaction, viewer: Viewer, file_name: str, refused: UnsupportedFileFormat) -> None:
        owner = await t.users.lock(viewer.id)
        if owner is None:
            return
        now = self.clock.now()
        message = Message(
            event=NotificationEvent.UPLOAD_REJECTED,
            at=now,
            data={"originalFileName": file_name, "code": refused.code, "reason": refused.message},
            file_name=file_name,
        )
        by_mail = owner.email_on_failure and not await self._mailed_lately(t, owner, now)
        await notify_owner(t, owner, message, by_mail=by_mail)

    async def _mailed_lately(self, t: Transaction, owner: User, now: datetime) -> bool:
        last = await t.notifications.latest(owner.id, NotificationChannel.EMAIL, NotificationEvent.UPLOAD_REJECTED)
        return last is not None and now - last.created_at < ONE_MAIL_IN
