"""A new password for who has forgotten the old one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import final

from app.domain.errors import InvalidInput, RateLimited
from app.domain.notification import NotificationChannel, NotificationEvent
from app.domain.session import SessionId
from app.domain.user import User, UserId
from app.usecases.authenticate_user import account_of, tries_of
from app.usecases.change_password import named_new
from app.usecases.enqueue_notification import Message, enqueue_notification
from app.usecases.open_session import OpenSession, Session, other_sessions
from app.usecases.ports.clock import Clock
from app.usecases.ports.ended_sessions import EndedSessions
from app.usecases.ports.mail_addresses import MailAddresses
from app.usecases.ports.mailed_links import MailedLink
from app.usecases.ports.passwords import PasswordHasher
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.tokens import LinkTokens
from app.usecases.ports.transactions import Transaction, Transactions


@final
@dataclass(frozen=True, slots=True)
class RequestPasswordReset:
    """Send a link by mail, if there is such an account; who asks learns nothing, not even by how long it takes.

    Where it was asked too often for one account no more mail is sent and nobody is refused: the links of the last ones
    are still good, so a stranger who asks keeps no owner from theirs.

    :raises InvalidInput: where it is no address
    :raises RateLimited: where it was asked too often from one network address
    """

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    limits: RateLimits
    addresses: MailAddresses
    lifetime: timedelta
    answer_after: timedelta = timedelta(milliseconds=300)
    """How long every answer takes at least: longer than writing the request does."""

    async def __call__(self, email: str, address: str) -> None:
        spellings = self.addresses.spellings(email)
        await self.limits.spend(RateLimitKey.RESET_BY_ADDRESS, address)
        async with _no_sooner_than(self.answer_after):
            if await self._too_often(spellings[0]):
                return
            known = await self.transactions.read(lambda t: account_of(t, spellings))
            if known is not None:
                await self.transactions.write(lambda t: self._record(t, known))
            await self.queue.deliver_notifications()  # In either case: where Redis is away, it takes its time.

    async def _too_often(self, account: str) -> bool:
        try:
            await self.limits.spend(RateLimitKey.RESET_BY_ACCOUNT, account)
        except RateLimited:
            return True
        return False

    async def _record(self, t: Transaction, user: User) -> None:
        """Write down the request and the mail that is due; a former mail's link stays good, since mails overtake."""
        if not await t.users.lock(user.id):
            return
        now = self.clock.now()
        message = Message(event=NotificationEvent.PASSWORD_RESET, at=now, data={})
        mail = await enqueue_notification(t, user, message, NotificationChannel.EMAIL)
        await t.password_resets.add(MailedLink(mail.id, user.id, now + self.lifetime))


@final
@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Set a new password by the link of a mail, end all sessions of the account, and sign in.

    Whoever has the link is the owner, which verifies the address too, and whoever used the account until now may not
    have been: the webhook is removed, and a mail says what was done. What strangers tried
    is not held against them any more. ``address`` is the network address that asks.

    :raises InvalidInput: where the link is not valid, has expired or was used, or the password breaks a rule
    """

    transactions: Transactions
    passwords: PasswordHasher
    reset_tokens: LinkTokens
    open_session: OpenSession
    ended: EndedSessions
    limits: RateLimits
    addresses: MailAddresses

    async def __call__(self, token: str, new: str, address: str) -> Session:
        password, reset = named_new(new), self.reset_tokens.id_of(token)
        if reset is None:
            raise _of_no_use()
        await self.transactions.read(lambda t: self._valid(t, reset))  # Before any work is spent on the password.
        password_hash = await self.passwords.hash(password)
        session, ended = await self.transactions.write(lambda t: self._set(t, reset, password_hash))
        await self.ended.announce(ended)
        account = self.addresses.spellings(session.user.email)[0]
        await self.limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT, account)
        await self.limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS, tries_of(account, address))
        await self.limits.forgive(RateLimitKey.RESET_BY_ACCOUNT, account)
        return session

    async def _valid(self, t: Transaction, reset: str) -> UserId:
        found = await t.password_resets.get(reset)
        if found is None or found.expires_at <= self.open_session.clock.now():
            raise _of_no_use()
        return found.user

    async def _set(self, t: Transaction, reset: str, password_hash: str) -> tuple[Session, list[SessionId]]:
        owner, now = await self._valid(t, reset), self.open_session.clock.now()
        user = await t.users.by_id(owner) if await t.users.lock(owner) else None
        if user is None or not await t.password_resets.remove_all(owner):  # Two at once: the lock let one go first.
            raise _of_no_use()
        await t.users.set_password_hash(owner, password_hash, now)
        await t.users.set_email_verified(owner, now)
        await t.email_verifications.remove_all(owner)
        if user.webhook_url is not None:
            await t.users.set_webhook(owner, None, now)
        ended = await other_sessions(t, owner)
        await t.sessions.end(ended, now)
        said = {"webhookUrl": user.webhook_url} if user.webhook_url else {}
        message = Message(event=NotificationEvent.PASSWORD_CHANGED, at=now, data=said)
        await enqueue_notification(t, user, message, NotificationChannel.EMAIL)
        return await self.open_session(t, replace(user, email_verified_at=now, webhook_url=None)), ended


@asynccontextmanager
async def _no_sooner_than(delay: timedelta) -> AsyncIterator[None]:
    now = asyncio.get_running_loop().time
    end = now() + delay.total_seconds()
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, end - now()))


def _of_no_use() -> InvalidInput:
    return InvalidInput("This link is not valid any more: ask for a new one.", field=("token",))
