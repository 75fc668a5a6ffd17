"""Sessions: how they begin, go on and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final, final
from uuid import uuid4

from app.domain.errors import AccountDisabled, InvalidCredentials, InvalidInput, Unauthenticated
from app.domain.session import SessionId, StoredSession, Viewer
from app.domain.user import User, UserId
from app.usecases.ports.clock import Clock
from app.usecases.ports.sessions import EndedSessions
from app.usecases.ports.tokens import AccessToken, AccessTokens, RefreshTokens
from app.usecases.ports.transactions import Transaction, Transactions

_GRACE: Final = timedelta(seconds=30)
"""For so long a refresh token that was used already is honoured once more, for answers that were lost."""

_LISTED: Final = 100
"""Who is signed in at more places than that looks for none of them in a list."""


@dataclass(frozen=True, slots=True)
class Session:
    """A user who has signed in, the token that proves it, and the one that gets the next."""

    token: AccessToken
    refresh_token: str
    user: User


@final
@dataclass(frozen=True, slots=True)
class SessionUseCases:
    """How sessions begin and go on, in the caller's transaction, and how they are refreshed and end."""

    transactions: Transactions
    tokens: AccessTokens
    refresh_tokens: RefreshTokens
    ended: EndedSessions
    clock: Clock
    lifetime: timedelta
    """How long a session lives on without being refreshed."""
    longest: timedelta
    """How long it lives however often it is refreshed."""

    async def open(self, t: Transaction, user: User, agent: str | None = None) -> Session:
        """Begin a session; ``agent`` is what the program calls itself that signs in.

        :raises InvalidCredentials: where the account has gone in the meantime
        :raises AccountDisabled: where an operator disabled it
        """
        account = await t.users.lock(user.id)
        if account is None:
            raise InvalidCredentials
        if account.disabled_at is not None:
            raise AccountDisabled
        session = SessionId(str(uuid4()))
        token = self.refresh_tokens.first(session)
        now, digest = self.clock.now(), self.refresh_tokens.digest(token)
        expires_at = self._expires_at(now, now)
        await t.sessions.add(StoredSession(session, user.id, digest, None, expires_at, began_at=now, agent=agent))
        return self._issue(user, session, token)

    async def go_on(self, t: Transaction, user: User, kept: StoredSession, token: str) -> Session:
        """Let this be the session's refresh token from now on."""
        now = self.clock.now()
        began_at = kept.began_at or now
        await t.sessions.renew(
            kept.id,
            refresh_digest=self.refresh_tokens.digest(token),
            rotated_at=now,
            began_at=began_at,
            expires_at=self._expires_at(began_at, now),
        )
        return self._issue(user, kept.id, token)

    async def refresh(self, token: str) -> Session:
        """Rotate a refresh token.

        The one that was rotated last is good for a moment more, for two tabs and for lost replies: it gets the same
        answer. Any other that is not the present one was copied at some time, so its whole family ends: nobody can tell
        the thief from the owner, and the owner can sign in again (RFC 9700, section 4.14.2). What we never made ends
        nothing: who only knows a session's id, which is in every access token, cannot end it.

        :raises InvalidCredentials: in all these cases
        """
        session = self.refresh_tokens.session_of(token)
        if session is None:
            raise _over()
        went_on = await self.transactions.write(lambda t: self._rotate(t, session, token))
        if went_on is None:  # What ended it is committed before anybody is told.
            await self.ended.announce([session])
            raise _over()
        return went_on

    async def end(self, viewer: Viewer) -> None:
        """Sign out: the session ends everywhere, its access tokens and its subscriptions too."""
        now = self.clock.now()
        await self.transactions.write(lambda t: t.sessions.end([viewer.session], now))
        await self.ended.announce([viewer.session])

    async def list(self, viewer: Viewer) -> Sequence[StoredSession]:
        """Return the viewer's sessions that go on, a hundred at most, the one that was active last first."""
        now = self.clock.now()
        found = await self.transactions.read(lambda t: t.sessions.records_of(viewer.id, _LISTED))
        going_on = [session for session in found if not self._is_over(session, now)]
        return sorted(
            going_on, key=lambda one: (one.rotated_at or one.began_at or one.expires_at, one.id), reverse=True
        )

    async def end_one(self, viewer: Viewer, session: str) -> None:
        """End one of the viewer's sessions, with its access tokens and its subscriptions.

        :raises InvalidInput: where the viewer has no such session
        """

        async def end(t: Transaction) -> SessionId:
            found = next((one for one in await t.sessions.of(viewer.id) if one == session), None)
            if found is None:
                raise InvalidInput("You have no such session.", field=("id",))
            await t.sessions.end([found], self.clock.now())
            return found

        await self.ended.announce([await self.transactions.write(end)])

    async def _rotate(self, t: Transaction, session: SessionId, token: str) -> Session | None:
        kept, now = await t.sessions.lock(session), self.clock.now()
        if kept is None or self._is_over(kept, now):
            raise _over()
        user = await t.users.by_id(kept.owner)
        if user is None:
            raise _over()
        digest, successors = self.refresh_tokens.digest, self.refresh_tokens.successors(token)
        if compare_digest(kept.refresh_digest, digest(token)):
            return await self.go_on(t, user, kept, successors[0])
        # Whoever rotated it may have had another key.
        present = next((one for one in successors if compare_digest(kept.refresh_digest, digest(one))), None)
        if present is not None and kept.rotated_at is not None and now - kept.rotated_at <= _GRACE:
            return self._issue(user, session, present)
        if present is None and not self.refresh_tokens.is_ours(token):
            raise _over()
        await t.sessions.end([session], now)
        return None

    def _is_over(self, kept: StoredSession, now: datetime) -> bool:
        """Return whether it has expired, or has lived as long as any session may."""
        return kept.expires_at <= now or (kept.began_at is not None and kept.began_at + self.longest <= now)

    def _issue(self, user: User, session: SessionId, token: str) -> Session:
        """Return a session with a new access token."""
        return Session(self.tokens.issue(user.id, session), token, user)

    def _expires_at(self, began_at: datetime, now: datetime) -> datetime:
        return min(now + self.lifetime, began_at + self.longest)


async def other_sessions(t: Transaction, user: UserId, but: SessionId | None = None) -> list[SessionId]:
    """Return all sessions of a user whose row is locked, but for this one."""
    return [session for session in await t.sessions.of(user) if session != but]


async def locked_user(t: Transaction, viewer: Viewer) -> User:
    """Return the viewer's account and hold its row.

    :raises Unauthenticated: where it was deleted
    :raises AccountDisabled: where an operator disabled it
    """
    user = await t.users.by_id(viewer.id) if await t.users.lock(viewer.id) else None
    if user is None:
        raise Unauthenticated
    if user.disabled_at is not None:
        raise AccountDisabled
    return user


def _over() -> InvalidCredentials:
    return InvalidCredentials("This session has ended; sign in again.", field=("refreshToken",))
