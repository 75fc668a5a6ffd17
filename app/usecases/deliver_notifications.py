"""Tell users what became of their videos."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from app.domain.errors import NotificationError
from app.domain.notification import Mail, Notification
from app.usecases.ports import Clock, Mailer, ResetTokens, Transaction, Transactions
from app.usecases.reset_password import PASSWORD_RESET

_BATCH: Final = 50
_LEASE: Final = timedelta(minutes=2)
_FIRST_DELAY: Final = timedelta(seconds=15)
_LONGEST_DELAY: Final = timedelta(hours=6)
_GIVE_UP_AFTER: Final = timedelta(days=3)


@final
@dataclass(frozen=True, slots=True)
class DeliverNotifications:
    """Send what is due, at least once each, by a lease like that of videos; say how many were delivered.

    A mail's id stays the same over all tries. A failed delivery is written down and tried again for three days,
    unless the server says that it is of no use; it never changes what became of the video.
    """

    transactions: Transactions
    mailer: Mailer
    reset_tokens: ResetTokens
    clock: Clock
    public_url: str

    async def __call__(self) -> int:
        now = self.clock.now()
        due = await self.transactions.read(lambda t: t.notifications.due(now, _BATCH))
        return sum([await self._deliver(notification) for notification in due])

    async def _deliver(self, notification: Notification) -> bool:
        now, attempts = self.clock.now(), notification.attempts + 1

        async def claim(t: Transaction) -> Mail | None:
            if not await t.notifications.claim(notification, now=now, until=now + _LEASE):
                return None
            user, url = await t.users.by_id(notification.user), await self._url(t, notification)
            if user is None:
                return None
            if url is None:
                await t.notifications.give_up(notification.id, attempts, answer="The link lapsed before it was sent.")
                return None
            return Mail(
                id=notification.id,
                to=user.email,
                to_name=user.name,
                locale=user.locale,
                template=notification.event,
                values={
                    "name": user.name,
                    "file_name": notification.file_name,
                    "reason": notification.failure.reason if notification.failure else "",
                    "code": notification.failure.code if notification.failure else "",
                    "url": url,
                },
            )

        mail = await self.transactions.write(claim)
        if mail is None:
            return False
        try:
            answer = await self.mailer.send(mail)
        except NotificationError as error:
            refused = error
            await self.transactions.write(lambda t: self._put_off(t, notification, attempts, refused))
            return False
        done = self.clock.now()
        await self.transactions.write(
            lambda t: t.notifications.delivered(notification.id, attempts, answer=answer, at=done)
        )
        return True

    async def _url(self, t: Transaction, notification: Notification) -> str | None:
        """Say where the mail leads; None where that is of no use any more."""
        if notification.event != PASSWORD_RESET:
            return self.public_url
        reset = await t.password_resets.get(notification.id)
        if reset is None or reset.lapses_at <= self.clock.now():
            return None
        # Behind the number sign, which browsers tell neither servers nor other pages.
        return f"{self.public_url}/reset-password#token={self.reset_tokens.token(reset.id)}"

    async def _put_off(
        self, t: Transaction, notification: Notification, attempts: int, error: NotificationError
    ) -> bool:
        now, answer = self.clock.now(), error.message
        if error.permanent or now - notification.created_at > _GIVE_UP_AFTER:
            return await t.notifications.give_up(notification.id, attempts, answer=answer)
        delay = min(_FIRST_DELAY * 2 ** min(attempts - 1, 12), _LONGEST_DELAY)
        return await t.notifications.postpone(notification.id, attempts, answer=answer, to=now + delay)
