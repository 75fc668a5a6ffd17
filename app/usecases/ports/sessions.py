"""The record of sign-ins, and which of them have ended."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.session import SessionId, StoredSession
from app.domain.user import UserId


class Sessions(Protocol):
    """The tables ``sessions`` and, for those that ended before their access tokens expire, ``ended_sessions``."""

    async def add(self, session: StoredSession) -> None: ...
    async def lock(self, session: SessionId) -> StoredSession | None:
        """Return a session and hold its row until the transaction ends."""

    async def renew(
        self,
        session: SessionId,
        *,
        refresh_digest: str,
        rotated_at: datetime,
        began_at: datetime,
        expires_at: datetime,
    ) -> None: ...
    async def of(self, owner: UserId) -> Sequence[SessionId]: ...
    async def records_of(self, owner: UserId, limit: int) -> Sequence[StoredSession]:
        """Return the same with all that is kept of them, expired or not; of more than ``limit`` the longest lasting."""

    async def end(self, sessions: Collection[SessionId], at: datetime) -> None:
        """Delete what is kept of them and write down that they ended, which also holds where nothing is kept."""

    async def ended_since(self, since: datetime) -> Mapping[SessionId, datetime]: ...
    async def forget(self, *, expired_before: datetime, ended_before: datetime, limit: int) -> None:
        """Delete at most so many of each that nobody can ask for any more."""


class EndedSessions(Protocol):
    """Which sessions ended before their access tokens expire: signed out, or ended with a password or an account.

    Every process knows all of them without asking anybody: told at once while Redis is there, and by reading the
    database again every few seconds.
    """

    def ended(self, session: SessionId) -> bool: ...
    async def wait(self, session: SessionId) -> None:
        """Return once the session has ended; for ever, where it never does. Many may wait at little cost."""

    async def announce(self, sessions: Collection[SessionId]) -> None:
        """Notify every process, after the commit that ended them. Best effort, never an error."""
