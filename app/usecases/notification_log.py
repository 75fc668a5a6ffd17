"""What a user was told, and telling it again."""

from dataclasses import dataclass
from typing import Final, final

from app.domain.errors import InvalidInput, NotificationError
from app.domain.identifiers import is_uuid
from app.domain.notification import BEFORE_VERIFICATION, Notification, NotificationChannel, NotificationEvent
from app.domain.session import Viewer
from app.usecases.asked_delivery import AskedDelivery
from app.usecases.enqueue_notification import Message, enqueue_notification
from app.usecases.notification_settings import NO_WEBHOOK
from app.usecases.open_session import locked_user
from app.usecases.paging import PAGE, Page, checked_page
from app.usecases.ports.rate_limits import RateLimitKey
from app.usecases.ports.transactions import Transaction, Transactions

_ONCE_ONLY: Final = BEFORE_VERIFICATION
"""The links: of use for a short while, to whoever asked for one."""


@final
@dataclass(frozen=True, slots=True)
class ListNotifications:
    """Return a page of the viewer's log of deliveries.

    :raises InvalidInput: for a page size that there is not or a cursor that is not ours
    """

    transactions: Transactions

    async def __call__(self, viewer: Viewer, first: int = PAGE, after: str | None = None) -> Page[Notification]:
        key = checked_page(first, after)
        found = await self.transactions.read(lambda t: t.notifications.page(viewer.id, key, first + 1))
        return Page.of(found, first)


@final
@dataclass(frozen=True, slots=True)
class SendTestWebhook(AskedDelivery):
    """Post something to the viewer's webhook, so that they see whether it arrives; the log tells.

    :raises NotificationError: where there is no webhook
    :raises RateLimited: where too much was asked for
    """

    async def __call__(self, viewer: Viewer) -> Notification:
        async def send(t: Transaction) -> Notification:
            user = await locked_user(t, viewer)
            if user.webhook_url is None:
                raise NotificationError(NO_WEBHOOK)
            data = {"message": "This is a test: your webhook works."}
            message = Message(event=NotificationEvent.WEBHOOK_TEST, at=self.clock.now(), data=data)
            return await enqueue_notification(t, user, message, NotificationChannel.WEBHOOK)

        return await self.deliver(RateLimitKey.DELIVERY_BY_ACCOUNT, viewer, send)


@final
@dataclass(frozen=True, slots=True)
class RedeliverNotification(AskedDelivery):
    """Deliver one of the viewer's notifications again, under the same id, however it stands.

    :raises InvalidInput: where the viewer has no such notification, or it was for one use only
    :raises NotificationError: where it is for a webhook and there is none
    :raises RateLimited: where too much was asked for
    """

    async def __call__(self, viewer: Viewer, notification: str) -> Notification:
        async def again(t: Transaction) -> Notification:
            user = await locked_user(t, viewer)
            found = await t.notifications.get(user.id, notification) if is_uuid(notification) else None
            if found is None:
                raise InvalidInput("There is no such notification.", field=("id",))
            if found.event in _ONCE_ONLY:
                raise InvalidInput("This mail cannot be sent again: ask for a new one.", field=("id",))
            if found.channel is NotificationChannel.WEBHOOK and user.webhook_url is None:
                raise NotificationError(NO_WEBHOOK)
            await t.notifications.again(user.id, found.id, self.clock.now())
            return await t.notifications.get(user.id, found.id) or found

        return await self.deliver(RateLimitKey.DELIVERY_BY_ACCOUNT, viewer, again)
