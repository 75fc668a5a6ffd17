"""A new password, for who knows the old one and for who has forgotten it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import final

from app.domain.errors import InvalidCredentials, InvalidInput, RateLimited
from app.domain.notification import NotificationEvent
from app.domain.session import SessionId, Viewer
from app.domain.user import User, new_password, normalised_password
from app.usecases.api_keys import revoke_all
from app.usecases.authenticate_user import account_of, tries_of
from app.usecases.email_moves import use_way_back, way_back
from app.usecases.enqueue_notification import enqueue_link, enqueue_mail
from app.usecases.mailed_link import of_no_use, owner_of_link, used_link
from app.usecases.ports.messengers import MailAddresses
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.tokens import LinkTokens, PasswordHasher
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.sessions import Session, SessionUseCases, locked_user, other_sessions


@final
@dataclass(frozen=True, slots=True)
class PasswordUseCases:
    """What a user wants done with their password.

    ``address`` is the network address that asks, ``agent`` what its program calls itself.
    """

    transactions: Transactions
    queue: JobQueue
    hasher: PasswordHasher
    reset_tokens: LinkTokens
    sessions: SessionUseCases
    limits: RateLimits
    addresses: MailAddresses
    link_lifetime: timedelta
    answer_after: timedelta = timedelta(milliseconds=300)
    """How long every answer to who asks for a link takes at least: longer than writing the request does."""

    async def change(self, viewer: Viewer, current: str, new: str, agent: str | None = None) -> Session:
        """Set a new password for who knows the old one, end every other session of the account, and say so by mail.

        The viewer's own goes on with new tokens: a refresh token that was copied from it is good for nothing.

        :raises InvalidInput: where the new one breaks a rule
        :raises InvalidCredentials: where the old one is wrong
        :raises RateLimited: where it was tried too often
        """
        password = _named_new(new)
        known = await self.check(viewer, current, field="current")
        password_hash = await self.hasher.hash(password)
        session, ended = await self.transactions.write(lambda t: self._change(t, viewer, known, password_hash, agent))
        await self.sessions.ended.announce(ended)
        return session

    async def check(self, viewer: Viewer, password: str, *, field: str) -> User:
        """Return the account of a viewer who knows its password, and let nobody else pass.

        Whoever has a session and guesses is counted by that session, so that the owner's others are not held up.

        :raises InvalidCredentials: for the argument ``field``
        :raises RateLimited: where too many in a row were wrong
        """
        user = await self.transactions.read(lambda t: locked_user(t, viewer))
        await self.limits.spend(RateLimitKey.PASSWORD_BY_SESSION, viewer.session)
        try:
            known = await self.hasher.verify(normalised_password(password), user.password_hash)
        except InvalidInput:
            known = False
        if not known:
            raise InvalidCredentials("The current password is wrong.", field=(field,))
        await self.limits.forgive(RateLimitKey.PASSWORD_BY_SESSION, viewer.session)
        return user

    async def request_reset(self, email: str, address: str) -> None:
        """Send a link by mail, if there is such an account; who asks learns nothing, not even by how long it takes.

        Where it was asked too often for one account no more mail is sent and nobody is refused: the links of the last
        ones are still good, so a stranger who asks keeps no owner from theirs.

        :raises InvalidInput: where it is no address
        :raises RateLimited: where it was asked too often from one network address
        """
        spellings = self.addresses.spellings(email)
        await self.limits.spend(RateLimitKey.RESET_BY_ADDRESS, address)
        async with _no_sooner_than(self.answer_after):
            try:
                await self.limits.spend(RateLimitKey.RESET_BY_ACCOUNT, spellings[0])
            except RateLimited:
                return
            known = await self.transactions.read(lambda t: account_of(t, spellings))
            if known is not None:
                await self.transactions.write(lambda t: self._record(t, known))
            await self.queue.deliver_notifications()  # In either case: where Redis is away, it takes its time.

    async def reset(self, token: str, new: str, address: str, agent: str | None = None) -> Session:
        """Set a new password by the link of a mail, end all sessions of the account, and sign in.

        Whoever has the link is the owner, which verifies the address too, and whoever used the account until now may
        not have been: the webhook is removed, keys for programs are revoked, and a mail says what was done. What
        strangers tried is not held against them any more. The link of a former address gives the account that address
        back.

        :raises InvalidInput: where the link is not valid, has expired or was used, or the password breaks a rule
        """
        password, reset = _named_new(new), self.reset_tokens.id_of(token)
        if reset is None:
            raise of_no_use()
        # Before any work is spent on the password.
        await self.transactions.read(lambda t: self._must_be_good(t, reset))
        password_hash = await self.hasher.hash(password)
        session, ended = await self.transactions.write(lambda t: self._reset(t, reset, password_hash, agent))
        await self.sessions.ended.announce(ended)
        account = self.addresses.spellings(session.user.email)[0]
        await self.limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT, account)
        await self.limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS, tries_of(account, address))
        await self.limits.forgive(RateLimitKey.RESET_BY_ACCOUNT, account)
        return session

    async def _change(
        self, t: Transaction, viewer: Viewer, known: User, password_hash: str, agent: str | None
    ) -> tuple[Session, list[SessionId]]:
        user, now = await locked_user(t, viewer), self.sessions.clock.now()
        if user.password_hash != known.password_hash:  # Another was quicker, and what was checked is no longer true.
            raise InvalidCredentials("The current password is wrong.", field=("current",))
        await t.users.save(replace(user, password_hash=password_hash, updated_at=now))
        await t.password_resets.remove_all(user.id)
        await t.email_changes.withdraw(user.id)
        kept = await t.sessions.lock(viewer.session)
        if kept is None:
            ended = [*await other_sessions(t, user.id), viewer.session]
            session = await self.sessions.open(t, user, agent)
        else:
            ended = await other_sessions(t, user.id, but=viewer.session)
            token = self.sessions.refresh_tokens.first(viewer.session)
            session = await self.sessions.go_on(t, user, kept, token)
        await t.sessions.end(ended, now)
        await enqueue_mail(t, user, NotificationEvent.PASSWORD_CHANGED, now)
        return session, ended

    async def _record(self, t: Transaction, user: User) -> None:
        if await t.users.lock(user.id):
            event = NotificationEvent.PASSWORD_RESET
            await enqueue_link(t, t.password_resets, user, event, self.sessions.clock, self.link_lifetime)

    async def _must_be_good(self, t: Transaction, reset: str) -> None:
        if await way_back(t, reset, self.sessions.clock.now()) is None:
            await owner_of_link(t.password_resets, reset, self.sessions.clock)

    async def _reset(
        self, t: Transaction, reset: str, password_hash: str, agent: str | None
    ) -> tuple[Session, list[SessionId]]:
        clock = self.sessions.clock
        now = clock.now()
        back = await way_back(t, reset, now)
        if back is None:
            user = await used_link(t, t.password_resets, reset, clock)
            await t.email_changes.withdraw(user.id)
        else:
            user = await use_way_back(t, back, now)
            await t.password_resets.remove_all(user.id)
        changed = replace(user, password_hash=password_hash, email_verified_at=now, updated_at=now, webhook_url=None)
        await t.users.save(changed)
        await t.email_verifications.remove_all(user.id)
        if user.webhook_url is not None:
            await t.users.set_webhook(user.id, None, now)
        of_keys = await revoke_all(t, user.id)
        ended = [*await other_sessions(t, user.id), *of_keys]
        await t.sessions.end(ended, now)
        said = {**({"webhookUrl": user.webhook_url} if user.webhook_url else {}), "keys": len(of_keys)}
        await enqueue_mail(t, user, NotificationEvent.PASSWORD_CHANGED, now, data=said)
        return await self.sessions.open(t, changed, agent), ended


def _named_new(text: str) -> str:
    """Check a password of an argument called ``new``; raises ``InvalidInput``."""
    try:
        return new_password(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=("new",)) from None


@asynccontextmanager
async def _no_sooner_than(delay: timedelta) -> AsyncIterator[None]:
    now = asyncio.get_running_loop().time
    end = now() + delay.total_seconds()
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, end - now()))
