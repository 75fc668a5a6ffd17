"""A new password for who has forgotten the old one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import final

from app.domain.errors import RateLimited
from app.domain.notification import NotificationEvent
from app.domain.session import SessionId
from app.domain.user import User
from app.usecases.authenticate_user import account_of, tries_of
from app.usecases.change_password import named_new
from app.usecases.enqueue_notification import enqueue_link, enqueue_mail
from app.usecases.mailed_link import of_no_use, owner_of_link, used_link
from app.usecases.open_session import OpenSession, Session, other_sessions
from app.usecases.ports.clock import Clock
from app.usecases.ports.ended_sessions import EndedSessions
from app.usecases.ports.mail_addresses import MailAddresses
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
        if await t.users.lock(user.id):
            event = NotificationEvent.PASSWORD_RESET
            await enqueue_link(t, t.password_resets, user, event, self.clock, self.lifetime)


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
            raise of_no_use()
        # Before any work is spent on the password.
        await self.transactions.read(lambda t: owner_of_link(t.password_resets, reset, self.open_session.clock))
        password_hash = await self.passwords.hash(password)
        session, ended = await self.transactions.write(lambda t: self._set(t, reset, password_hash))
        await self.ended.announce(ended)
        account = self.addresses.spellings(session.user.email)[0]
        await self.limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT, account)
        await self.limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS, tries_of(account, address))
        await self.limits.forgive(RateLimitKey.RESET_BY_ACCOUNT, account)
        return session

    async def _set(self, t: Transaction, reset: str, password_hash: str) -> tuple[Session, list[SessionId]]:
        clock = self.open_session.clock
        user, now = await used_link(t, t.password_resets, reset, clock), clock.now()
        changed = replace(user, password_hash=password_hash, email_verified_at=now, updated_at=now, webhook_url=None)
        await t.users.save(changed)
        await t.email_verifications.remove_all(user.id)
        if user.webhook_url is not None:
            await t.users.set_webhook(user.id, None, now)
        ended = await other_sessions(t, user.id)
        await t.sessions.end(ended, now)
        said = {"webhookUrl": user.webhook_url} if user.webhook_url else {}
        await enqueue_mail(t, user, NotificationEvent.PASSWORD_CHANGED, now, data=said)
        return await self.open_session(t, changed), ended


@asynccontextmanager
async def _no_sooner_than(delay: timedelta) -> AsyncIterator[None]:
    now = asyncio.get_running_loop().time
    end = now() + delay.total_seconds()
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, end - now()))
