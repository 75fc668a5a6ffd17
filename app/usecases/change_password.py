from dataclasses import dataclass, replace
from typing import final

from app.domain.errors import InvalidCredentials, InvalidInput
from app.domain.notification import NotificationEvent
from app.domain.session import SessionId, Viewer
from app.domain.user import User, new_password, normalised_password
from app.usecases.enqueue_notification import enqueue_mail
from app.usecases.open_session import OpenSession, Session, locked_user, other_sessions
from app.usecases.ports.ended_sessions import EndedSessions
from app.usecases.ports.passwords import PasswordHasher
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.transactions import Transaction, Transactions


@final
@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Set a new password for who knows the old one, end every other session of the account, and say so by mail.

    The viewer's own goes on with new tokens: a refresh token that was copied from it is good for nothing.

    :raises InvalidInput: where the new one breaks a rule
    :raises InvalidCredentials: where the old one is wrong
    :raises RateLimited: where it was tried too often
    """

    transactions: Transactions
    passwords: PasswordHasher
    open_session: OpenSession
    ended: EndedSessions
    limits: RateLimits

    async def __call__(self, viewer: Viewer, current: str, new: str) -> Session:
        password = named_new(new)
        known = await self.transactions.read(lambda t: locked_user(t, viewer))
        await check_password(self.passwords, self.limits, viewer.session, current, known, field="current")
        password_hash = await self.passwords.hash(password)
        session, ended = await self.transactions.write(lambda t: self._change(t, viewer, known, password_hash))
        await self.ended.announce(ended)
        return session

    async def _change(
        self, t: Transaction, viewer: Viewer, known: User, password_hash: str
    ) -> tuple[Session, list[SessionId]]:
        user, now = await locked_user(t, viewer), self.open_session.clock.now()
        if user.password_hash != known.password_hash:  # Another was quicker, and what was checked is no longer true.
            raise InvalidCredentials("The current password is wrong.", field=("current",))
        await t.users.save(replace(user, password_hash=password_hash, updated_at=now))
        await t.password_resets.remove_all(user.id)
        kept = await t.sessions.lock(viewer.session)
        if kept is None:
            ended = [*await other_sessions(t, user.id), viewer.session]
            session = await self.open_session(t, user)
        else:
            ended = await other_sessions(t, user.id, but=viewer.session)
            token = self.open_session.refresh_tokens.first(viewer.session)
            session = await self.open_session.go_on(t, user, kept, token)
        await t.sessions.end(ended, now)
        await enqueue_mail(t, user, NotificationEvent.PASSWORD_CHANGED, now)
        return session, ended


async def check_password(
    passwords: PasswordHasher, limits: RateLimits, session: SessionId, password: str, user: User, *, field: str
) -> None:
    """Let pass only who knows the account's password.

    Whoever has a session and guesses is counted by that session, so that the owner's others are not held up.

    :raises InvalidCredentials: for the argument ``field``
    :raises RateLimited: where too many in a row were wrong
    """
    await limits.spend(RateLimitKey.PASSWORD_BY_SESSION, session)
    try:
        known = await passwords.verify(normalised_password(password), user.password_hash)
    except InvalidInput:
        known = False
    if not known:
        raise InvalidCredentials("The current password is wrong.", field=(field,))
    await limits.forgive(RateLimitKey.PASSWORD_BY_SESSION, session)


def named_new(text: str) -> str:
    """Check a password of an argument called ``new``; raises ``InvalidInput``."""
    try:
        return new_password(text)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=("new",)) from None
