"""What a user is told of, and where."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final, final

from app.domain.errors import EmailNotVerified, NotificationError
from app.domain.notification import NotificationEvent
from app.domain.session import Viewer
from app.domain.user import User
from app.domain.webhook import Webhook, checked_webhook_url
from app.usecases.enqueue_notification import enqueue_mail
from app.usecases.open_session import locked_user
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions

NO_WEBHOOK: Final = "There is no webhook: set its URL first."


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
class UpdateNotificationSettings:
    """Change what the viewer is told of.

    Another URL is another receiver, so it gets a key of its own; what is still to be delivered goes there, signed with
    that key. The same URL again changes nothing.

    :raises InvalidInput: for a URL that breaks a rule
    :raises EmailNotVerified: for a webhook before its owner's address was verified
    """

    transactions: Transactions
    clock: Clock
    loopback: bool = False
    """Whether a webhook may be on this very machine."""

    async def __call__(self, viewer: Viewer, change: SettingsChange) -> ChangedSettings:
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


@final
@dataclass(frozen=True, slots=True)
class RotateWebhookSecret:
    """Rotate the key of the viewer's webhook; for a day what is posted is signed with the former one too.

    :raises NotificationError: where there is no webhook
    """

    transactions: Transactions
    clock: Clock

    async def __call__(self, viewer: Viewer) -> ChangedSettings:
        async def rotate(t: Transaction) -> ChangedSettings:
            user, now = await locked_user(t, viewer), self.clock.now()
            webhook = await t.users.webhook(user.id)
            if webhook is None:
                raise NotificationError(NO_WEBHOOK)
            rotated = webhook.rotated(now)
            await t.users.set_webhook(user.id, rotated, now)
            await _tell_of_change(t, user, rotated.url, now)
            return ChangedSettings(user, rotated.secret)

        return await self.transactions.write(rotate)


async def _tell_of_change(t: Transaction, user: User, url: str | None, at: datetime) -> None:
    """Owe a mail: whoever is signed in and changes where word of videos goes may not be the owner."""
    await enqueue_mail(t, user, NotificationEvent.WEBHOOK_CHANGED, at, data={"webhookUrl": url or ""})
