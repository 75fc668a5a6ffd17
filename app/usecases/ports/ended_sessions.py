"""Which sessions have ended."""

from collections.abc import Collection
from typing import Protocol

from app.domain.session import SessionId


class EndedSessions(Protocol):
    """Which sessions ended before their access tokens expire: signed out, or ended with a password or an account.

    Every process knows all of them without asking anybody: told at once while Redis is there, and by reading the
    database again every few seconds.
    """

    def ended(self, session: SessionId) -> bool: ...
    async def wait(self, session: SessionId) -> None:
        """Return once the session has ended; for ever, where it never does. Many may wait at little cost."""
        ...

    async def announce(self, sessions: Collection[SessionId]) -> None:
        """Notify every process, after the commit that ended them. Best effort, never an error."""
        ...
