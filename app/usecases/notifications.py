"""What a user is told of, and where; what they were told, and telling it again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, final

from app.domain.errors import (
    EmailNotVerified,
    InvalidInput,
    NotificationError,
    RateLimited,
    UnsupportedFileFormat,
)
from app.domain.identifiers import is_uuid
from app.domain.notification import BEFORE_VERIFICATION, Notification, NotificationChannel, NotificationEvent
from app.domain.session import Viewer
from app.domain.user import User
from app.domain.webhook import Webhook, checked_webhook_url
from app.usecases.enqueue_notification import Message, enqueue_mail, enqueue_notification, notify_owner
from app.usecases.paging import ANY, Page, Wanted, paged
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import locked_user

_NO_WEBHOOK: Final = "There is no webhook: set its URL first."
_ONE_MAIL_IN: Final = timedelta(hours=1)


class Keep(Enum):
    """What a change leaves as it is."""

    AS_IT_IS = "as it is"


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """What is to change; a ``webhook_url`` of None removes the webhook."""

    email_on_failure: bool | None = None
    email_on_completion: bool | None = None
    webhook_url: str | Keep | None = Keep.AS_IT_IS


@dataclass(frozen=True, slots=True)
class ChangedSettings:
    """The account as it is now, and the webhook's key where there is a new one: it is shown this once."""

    user: User
    secret: str | None = None


@final
@dataclass(frozen=True, slots=True)
class NotificationUseCases:
    """What the viewer wants done with what they are told."""

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    limits: RateLimits
    loopback: bool
    """Whether a webhook may be on this very machine."""

    async def update_settings(self, viewer: Viewer, change: SettingsChange) -> ChangedSettings:
        """Change what the viewer is told of.

        Another URL is another receiver, so it gets a key of its own; what is still to be delivered goes there, signed
        with that key. The same URL again changes nothing.

        :raises InvalidInput: for a URL that breaks a rule
        :raises EmailNotVerified: for a webhook before its owner's address was verified
        """
        url = change.webhook_url
        checked = checked_webhook_url(url, loopback=self.loopback) if isinstance(url, str) else url

        async def update(t: Transaction) -> ChangedSettings:
            user, now = await locked_user(t, viewer), self.clock.now()
            on_failure, on_completion = change.email_on_failure, change.email_on_completion
            changed = replace(
                user,
                email_on_failure=user.email_on_failure if on_failure is None else on_failure,
                email_on_completion=user.email_on_completion if on_completion is None else on_completion,
                updated_at=now,
            )
            await t.users.save(changed)
            if isinstance(checked, str) and user.email_verified_at is None:
                raise EmailNotVerified(field=("webhookUrl",))
            secret = None
            if not isinstance(checked, Keep) and checked != user.webhook_url:
                webhook = None if checked is None else Webhook.new(checked)
                secret = None if webhook is None else webhook.secret
                await t.users.set_webhook(user.id, webhook, now)
                await _tell_of_change(t, user, checked, now)
            return ChangedSettings(await locked_user(t, viewer), secret)

        return await self.transactions.write(update)

    async def rotate_webhook_secret(self, viewer: Viewer) -> ChangedSettings:
        """Rotate the key of the viewer's webhook; for a day what is posted is signed with the former one too.

        :raises NotificationError: where there is no webhook
        """

        async def rotate(t: Transaction) -> ChangedSettings:
            user, now = await locked_user(t, viewer), self.clock.now()
            webhook = await t.users.webhook(user.id)
            if webhook is None:
                raise NotificationError(_NO_WEBHOOK)
            rotated = webhook.rotated(now)
            await t.users.set_webhook(user.id, rotated, now)
            await _tell_of_change(t, user, rotated.url, now)
            return ChangedSettings(user, rotated.secret)

        return await self.transactions.write(rotate)

    async def page(self, viewer: Viewer, wanted: Wanted = ANY) -> Page[Notification]:
        """Return a page of the viewer's log of deliveries.

        :raises InvalidInput: for a page size that there is not or a cursor that is not ours
        """
        asked = wanted.slice()
        return await self.transactions.read(lambda t: paged(asked, lambda part: t.notifications.page(viewer.id, part)))

    async def send_test(self, viewer: Viewer) -> Notification:
        """Post something to the viewer's webhook, so that they see whether it arrives; the log tells.

        :raises NotificationError: where there is no webhook
        :raises RateLimited: where too much was asked for
        """

        async def send(t: Transaction) -> Notification:
            user = await locked_user(t, viewer)
            if user.webhook_url is None:
                raise NotificationError(_NO_WEBHOOK)
            data = {"message": "This is a test: your webhook works."}
            message = Message(event=NotificationEvent.WEBHOOK_TEST, at=self.clock.now(), data=data)
            return await enqueue_notification(t, user, message, NotificationChannel.WEBHOOK)

        return await self._deliver(viewer, send)

    async def redeliver(self, viewer: Viewer, notification: str) -> Notification:
        """Deliver one of the viewer's notifications again, under the same id, however it stands.

        :raises InvalidInput: where the viewer has no such notification, or it was for one use only
        :raises NotificationError: where it is for a webhook and there is none
        :raises RateLimited: where too much was asked for
        """

        async def again(t: Transaction) -> Notification:
            user = await locked_user(t, viewer)
            found = await t.notifications.get(user.id, notification) if is_uuid(notification) else None
            if found is None:
                raise InvalidInput("There is no such notification.", field=("id",))
            if found.event in BEFORE_VERIFICATION:  # A link is of use for a while, to whoever asked for it.
                raise InvalidInput("This mail cannot be sent again: ask for a new one.", field=("id",))
            if found.channel is NotificationChannel.WEBHOOK and user.webhook_url is None:
                raise NotificationError(_NO_WEBHOOK)
            await t.notifications.again(user.id, found.id, self.clock.now())
            return await t.notifications.get(user.id, found.id) or found

        return await self._deliver(viewer, again)

    async def tell_of_rejection(self, viewer: Viewer, file_name: str, refused: UnsupportedFileFormat) -> None:
        """Owe word of a file that was refused for its format: to the webhook each time, by mail at most once an hour.

        Whoever uploads is told by the answer already, so trouble with this is no reason to give them another one.
        Nobody can make us post without end either: what is beyond the rate is not told.
        """
        try:
            await self.limits.spend(RateLimitKey.REJECTION_BY_ACCOUNT, viewer.id)
            await self.transactions.write(lambda t: self._reject(t, viewer, file_name, refused))
        except (DatabaseUnavailable, RateLimited):
            return
        await self.queue.deliver_notifications()

    async def _reject(self, t: Transaction, viewer: Viewer, file_name: str, refused: UnsupportedFileFormat) -> None:
        owner, event = await t.users.lock(viewer.id), NotificationEvent.UPLOAD_REJECTED
        if owner is None:
            return
        now = self.clock.now()
        data = {"originalFileName": file_name, "code": refused.code, "reason": refused.message}
        last = await t.notifications.latest(owner.id, NotificationChannel.EMAIL, event)
        mailed_lately = last is not None and now - last.created_at < _ONE_MAIL_IN
        message = Message(event=event, at=now, data=data, file_name=file_name)
        await notify_owner(t, owner, message, by_mail=owner.email_on_failure and not mailed_lately)

    async def _deliver(self, viewer: Viewer, step: Callable[[Transaction], Awaitable[Notification]]) -> Notification:
        """Count that it was asked for, write down what is to be sent, and wake who sends it."""
        await self.limits.spend(RateLimitKey.DELIVERY_BY_ACCOUNT, viewer.id)
        written = await self.transactions.write(step)
        await self.queue.deliver_notifications()
        return written


async def _tell_of_change(t: Transaction, user: User, url: str | None, at: datetime) -> None:
    """Owe a mail: whoever is signed in and changes where word of videos goes may not be the owner."""
    await enqueue_mail(t, user, NotificationEvent.WEBHOOK_CHANGED, at, data={"webhookUrl": url or ""})
