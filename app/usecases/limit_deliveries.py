"""How much one reader and one receiver are sent: mails beyond it are told of by one digest, posts a little later."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final
from urllib.parse import urlsplit

from app.domain.notification import BEFORE_VERIFICATION, Mail, Notification, NotificationChannel, NotificationEvent
from app.domain.user import mailbox_of
from app.domain.webhook import WebhookMessage
from app.usecases.enqueue_notification import enqueue_mail
from app.usecases.ports.clock import Clock
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.transactions import Transaction

_OF_VIDEOS: Final = frozenset(
    {
        NotificationEvent.VIDEO_COMPLETED,
        NotificationEvent.VIDEO_FAILED,
        NotificationEvent.UPLOAD_REJECTED,
        NotificationEvent.IMPORT_FAILED,
    }
)
_HELD: Final = "There were too many mails: one digest tells of the rest."
_TOO_MANY_POSTS: Final = "Held back for a moment: there were too many posts."
_TOO_MANY_LINKS: Final = "Too many links were mailed to this address: ask for one later."
_HELD_FOR: Final = timedelta(days=4)
"""Longer than a digest is tried for."""


@final
@dataclass(frozen=True, slots=True)
class LimitDeliveries:
    """Decides what is too much, and what becomes of it; nothing is lost.

    Counted are mails by mailbox, those with news of videos apart from those with word of the account, so that neither
    can keep the other back; and posts by account and by host.
    """

    limits: RateLimits
    clock: Clock

    async def spend(self, notification: Notification, message: Mail | WebhookMessage) -> None:
        """Count a post or a mail; raises ``RateLimited`` where it is one too many."""
        if isinstance(message, WebhookMessage):
            await self.limits.spend(RateLimitKey.WEBHOOK_BY_ACCOUNT, notification.user)
            await self.limits.spend(RateLimitKey.WEBHOOK_BY_HOST, urlsplit(message.url).hostname or "")
            return
        mailbox, event = mailbox_of(message.to), notification.event
        # What its server would not take yet was counted when it was tried first, or outages would use up the rate.
        if event != NotificationEvent.DIGEST and notification.attempts and notification.tried_since is None:
            return
        if not message.verified:
            await self.limits.spend(RateLimitKey.UNVERIFIED_MAIL_BY_RECIPIENT, mailbox)
        elif event in _OF_VIDEOS or event == NotificationEvent.DIGEST:
            await self.limits.spend(RateLimitKey.MAIL_BY_RECIPIENT, mailbox)
        elif event not in BEFORE_VERIFICATION:  # Links have limits where they are asked for.
            await self.limits.spend(RateLimitKey.ACCOUNT_MAIL_BY_RECIPIENT, mailbox)

    async def join_digest(self, t: Transaction, notification: Notification) -> bool:
        """Leave a mail with news to the digest that waits to be sent, if there is one. The user's row is held."""
        if notification.channel is not NotificationChannel.EMAIL or notification.event not in _OF_VIDEOS:
            return False
        digest = await t.notifications.waiting_digest(notification.user)
        return digest is not None and await self._hold(t, notification, digest)

    async def put_off(self, t: Transaction, notification: Notification, seconds: int) -> None:
        """Do with what was one too many as befits it; the delivery of ``notification`` was claimed from its state."""
        attempts, at = notification.attempts + 1, self.clock.now() + timedelta(seconds=seconds)
        if notification.channel is NotificationChannel.WEBHOOK:
            spread = at + timedelta(seconds=seconds * random.random())  # noqa: S311 - jitter
            await t.notifications.postpone(notification.id, attempts, answer=_TOO_MANY_POSTS, to=spread)
        elif notification.event in BEFORE_VERIFICATION:
            await t.notifications.give_up(notification.id, attempts, answer=_TOO_MANY_LINKS)
        elif notification.event == NotificationEvent.DIGEST:
            await t.notifications.postpone(notification.id, attempts, answer=_HELD, to=at)
        elif user := await t.users.lock(notification.user):
            digest = await t.notifications.waiting_digest(user.id)
            if digest is None:
                mail = await enqueue_mail(t, user, NotificationEvent.DIGEST, self.clock.now(), wake_at=at)
                digest = mail.id
            await self._hold(t, notification, digest)

    async def _hold(self, t: Transaction, notification: Notification, digest: str) -> bool:
        until = self.clock.now() + _HELD_FOR
        return await t.notifications.hold(
            notification.id, notification.attempts + 1, digest=digest, answer=_HELD, until=until
        )
