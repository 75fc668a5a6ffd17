"""Notify users of what became of their videos."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, final

from app.domain.backoff import Backoff, jittered
from app.domain.errors import NotificationError, RateLimited, WebhookGone
from app.domain.notification import (
    BEFORE_VERIFICATION,
    DeliveryStatus,
    Mail,
    Notification,
    NotificationChannel,
    NotificationEvent,
)
from app.domain.user import User
from app.domain.webhook import WebhookMessage, body_of
from app.usecases.enqueue_notification import enqueue_mail
from app.usecases.limit_deliveries import LimitDeliveries
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.messengers import Mailer, WebhookSender
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.write_mail import WriteMail

_BATCH: Final = 64
_AT_ONCE: Final = 16
_PER_USER: Final = 8
"""Of one batch: a receiver that lets us wait holds nobody else's word back for long."""
_LEASE: Final = timedelta(minutes=2)
_BACKOFF: Final = Backoff(first=15, longest=6 * 3600)
_GIVE_UP_AFTER: Final = timedelta(days=3)
_FEWEST_TRIES: Final = 10
"""Days on which we ourselves were down are not counted against the receiver."""
_OUR_FAULT: Final = "Something went wrong on our side."


@final
@dataclass(frozen=True, slots=True)
class DeliverNotifications:
    """Send what is due, at least once each, by a lease like that of videos; say how many were delivered.

    A message's id stays the same over all tries. A failed delivery is written down and tried again for three days,
    each time after about as long again as it has been tried for, unless the receiver says that it is of no use; it
    never changes what became of the video. Until an account's address was verified nothing leaves here for it but the
    links that verify it. A webhook that answers 410 is switched off, and its owner gets a mail.
    """

    transactions: Transactions
    mailer: Mailer
    webhooks: WebhookSender
    write_mail: WriteMail
    limit: LimitDeliveries
    clock: Clock
    _at_work: set[NotificationChannel] = field(default_factory=set, init=False)
    """The channels on which this process is sending: whoever does takes what is new too, and needs no company."""

    async def __call__(self) -> int:
        return sum(await _all(self._by(channel) for channel in NotificationChannel))

    async def _by(self, channel: NotificationChannel) -> int:
        """Send all that is due on one channel. Each one that is taken is not due any more, so this ends."""
        if channel in self._at_work:
            return 0
        delivered, places = 0, asyncio.Semaphore(_AT_ONCE)
        self._at_work.add(channel)
        try:
            while due := await self._due(channel):
                delivered += sum(await _all(self._in_turn(one, places) for one in due))
        finally:
            self._at_work.discard(channel)
        return delivered

    async def _due(self, channel: NotificationChannel) -> Sequence[Notification]:
        now = self.clock.now()
        return await self.transactions.read(lambda t: t.notifications.due(channel, now, _BATCH, per_user=_PER_USER))

    async def _in_turn(self, notification: Notification, places: asyncio.Semaphore) -> bool:
        async with places:
            return await self._deliver(notification)

    async def _deliver(self, notification: Notification) -> bool:
        message = await self.transactions.write(lambda t: self._claim(t, notification))
        if message is None:
            return False
        attempts = notification.attempts + 1
        try:
            await self.limit.spend(notification, message)
        except RateLimited as refused:
            seconds = refused.retry_after_seconds
            with suppress(DatabaseUnavailable):  # The lease ends, and it is tried again.
                await self.transactions.write(lambda t: self.limit.put_off(t, notification, seconds))
            return False
        try:
            answer = await (self.mailer.send(message) if isinstance(message, Mail) else self.webhooks.send(message))
        except NotificationError as error:
            await self._put_off(notification, attempts, message, error)
            return False
        except Exception:
            await self._put_off(notification, attempts, message, NotificationError(_OUR_FAULT))
            raise
        now = self.clock.now()
        with suppress(DatabaseUnavailable):  # If it is not written down, it is sent again under the same id.
            await self.transactions.write(lambda t: self._delivered(t, notification, attempts, answer, now))
        return True

    async def _claim(self, t: Transaction, notification: Notification) -> Mail | WebhookMessage | None:
        """Take it, and say what is to be sent; None where another took it or where it is of no use any more."""
        now = self.clock.now()
        user = await t.users.lock(notification.user)  # Who leaves mails to a digest and who sends it take turns.
        if not await t.notifications.claim(notification, now=now, until=now + _LEASE):
            return None
        message, of_no_use = await self._message(t, notification, user)
        if message is None:
            await self._give_up(t, notification, notification.attempts + 1, of_no_use)
        elif await self.limit.join_digest(t, notification):
            return None
        return message

    async def _delivered(
        self, t: Transaction, notification: Notification, attempts: int, answer: str, at: datetime
    ) -> None:
        if await t.notifications.delivered(notification.id, attempts, answer=answer, at=at):
            await _settle_held(t, notification, DeliveryStatus.DELIVERED, f"In a digest: {answer}", at)

    async def _give_up(self, t: Transaction, notification: Notification, attempts: int, answer: str) -> bool:
        if not await t.notifications.give_up(notification.id, attempts, answer=answer):
            return False
        await _settle_held(t, notification, DeliveryStatus.FAILED, answer, None)
        return True

    async def _message(
        self, t: Transaction, notification: Notification, user: User | None
    ) -> tuple[Mail | WebhookMessage | None, str]:
        if user is None:
            return None, "The account is gone."
        if user.email_verified_at is None and notification.event not in BEFORE_VERIFICATION:
            return None, "The account's e-mail address has not been verified."
        if notification.channel is NotificationChannel.WEBHOOK:
            webhook = await t.users.webhook(notification.user)
            if webhook is None:
                return None, "The webhook was removed before this was delivered."
            keys = webhook.secrets(self.clock.now())
            body, traceparent = body_of(notification), notification.traceparent
            return WebhookMessage(notification.id, webhook.url, keys, body, traceparent), ""
        return await self.write_mail(t, notification, user), "It was of no use any more when it was to be sent."

    async def _put_off(
        self, notification: Notification, attempts: int, message: Mail | WebhookMessage, error: NotificationError
    ) -> None:
        with suppress(DatabaseUnavailable):  # The lease ends, and it is sent again.
            if isinstance(error, WebhookGone) and isinstance(message, WebhookMessage):
                await self.transactions.write(lambda t: self._gone(t, notification, attempts, message.url, error))
            else:
                await self.transactions.write(lambda t: self._failed(t, notification, attempts, error))

    async def _failed(
        self, t: Transaction, notification: Notification, attempts: int, error: NotificationError
    ) -> bool:
        now, answer = self.clock.now(), error.message
        tried_for = now - (notification.tried_since or notification.created_at)
        if error.permanent or (tried_for > _GIVE_UP_AFTER and attempts >= _FEWEST_TRIES):
            return await self._give_up(t, notification, attempts, answer)
        delay = jittered(_BACKOFF.as_long_again(tried_for).total_seconds())
        to = now + timedelta(seconds=delay)
        return await t.notifications.postpone(notification.id, attempts, answer=answer, to=to)

    async def _gone(
        self, t: Transaction, notification: Notification, attempts: int, url: str, error: WebhookGone
    ) -> None:
        """Abandon it, remove the webhook unless its owner has set another meanwhile, and tell them: all or nothing.

        What was given up is never due again, so nobody would come back for the rest.
        """
        owner = await t.users.lock(notification.user)
        await self._failed(t, notification, attempts, error)
        if owner is None or owner.webhook_url != url:
            return
        now = self.clock.now()
        await t.users.set_webhook(owner.id, None, now)
        await enqueue_mail(t, owner, NotificationEvent.WEBHOOK_DISABLED, now, data={"webhookUrl": url})


async def _settle_held(
    t: Transaction, notification: Notification, status: DeliveryStatus, answer: str, at: datetime | None
) -> None:
    if notification.event == NotificationEvent.DIGEST:
        await t.notifications.settle_held(notification.id, status, answer=answer, at=at)


async def _all(steps: Iterable[Coroutine[Any, Any, int]]) -> Sequence[int]:
    """Let all of them end, then raise what the first of them raised that failed."""
    outcomes = await asyncio.gather(*steps, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
