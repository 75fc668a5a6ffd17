"""Another address for an account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from app.domain.errors import InvalidCredentials
from app.domain.notification import NotificationEvent
from app.domain.session import Viewer
from app.domain.user import User, UserId
from app.usecases.email_moves import moved, must_be_free
from app.usecases.enqueue_notification import enqueue_mail
from app.usecases.passwords import PasswordUseCases
from app.usecases.ports.clock import Clock
from app.usecases.ports.email_changes import EmailChange
from app.usecases.ports.messengers import MailAddresses
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import locked_user


@final
@dataclass(frozen=True, slots=True)
class ChangeEmail:
    """Let an account have another address, for who knows its password, and tell the former one.

    With ``verify_email`` a link is mailed to the new one, and until that is used everything stays as it is; without,
    the change counts at once. A new password withdraws what was asked for before it.
    """

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    limits: RateLimits
    addresses: MailAddresses
    passwords: PasswordUseCases
    verify_email: bool
    link_lifetime: timedelta

    async def __call__(self, viewer: Viewer, email: str, password: str) -> User:
        """Ask for another address in place of the viewer's; for the present one, which withdraws what was asked for.

        :raises InvalidInput: where it is no address
        :raises InvalidCredentials: where the password is wrong
        :raises EmailAlreadyRegistered: where it is another account's, or was and may be again
        :raises RateLimited: where it was asked, or a password was tried, too often
        """
        normal, spellings = self.addresses.normal_form(email), self.addresses.spellings(email)
        known = await self.passwords.check(viewer, password, field="password")
        await self.limits.spend(RateLimitKey.VERIFICATION_BY_ACCOUNT, viewer.id)

        async def ask(t: Transaction) -> User:
            user, now = await locked_user(t, viewer), self.clock.now()
            if user.password_hash != known.password_hash:  # It was changed since it was checked.
                raise InvalidCredentials("The current password is wrong.", field=("password",))
            await t.email_changes.withdraw(user.id)
            if normal == user.email:
                return user
            await must_be_free(t, spellings, now, but=user.id)
            if not self.verify_email:
                return await moved(t, user, normal, now)
            await self._mail_link(t, user, normal, now)
            return user

        user = await self.transactions.write(ask)
        await self.queue.deliver_notifications()
        return user

    async def pending(self, owner: UserId) -> str | None:
        """Return the address that a user asked for and has not confirmed yet."""
        found, now = await self.transactions.read(lambda t: t.email_changes.wanted(owner)), self.clock.now()
        return None if found is None or found.expires_at <= now else found.email

    async def _mail_link(self, t: Transaction, user: User, email: str, now: datetime) -> None:
        said = {"newEmail": email}
        mail = await enqueue_mail(t, user, NotificationEvent.EMAIL_CHANGE, now, data=said)
        await t.email_changes.add(EmailChange(mail.id, user.id, email, now + self.link_lifetime))
        if user.email_verified_at is not None:
            await enqueue_mail(t, user, NotificationEvent.EMAIL_CHANGE_REQUESTED, now, data=said)
