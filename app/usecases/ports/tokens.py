"""What proves who somebody is: tokens and passwords."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.session import SessionId, Viewer
from app.domain.user import UserId


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed JWT and when it expires."""

    text: str
    expires_at: datetime


class AccessTokens(Protocol):
    """Signed proofs of a session (RFC 7519), good for an hour."""

    def issue(self, user: UserId, session: SessionId) -> AccessToken: ...
    def verify(self, token: str) -> Viewer:
        """Raises ``Unauthenticated``."""


class RefreshTokens(Protocol):
    """Secrets that get a session its next access token. Each is good once and names the one that follows it.

    That the same token always has the same successor lets two tabs that refresh at once end up with the same one.
    """

    def first(self, session: SessionId) -> str:
        """Make a session's first, at random."""

    def successors(self, token: str) -> Sequence[str]:
        """Return the one that follows, which nobody else can tell, then those that a process with another key would.

        While keys are changed there are such processes beside us.
        """

    def session_of(self, token: str) -> SessionId | None:
        """Return whose it would be if it were one; None where it cannot be any."""

    def is_ours(self, token: str) -> bool:
        """Return whether one of our keys made it for its session, at whatever time.

        False for those that a former version made, too: those are known by their digest alone.
        """

    def digest(self, token: str) -> str:
        """Return the only form that is kept, from which no token can be told."""


class LinkTokens(Protocol):
    """What a mailed link carries: a proof of its id for one purpose, so that nothing usable is kept."""

    def token(self, link: str) -> str: ...
    def id_of(self, token: str) -> str | None:
        """Return None where it is forged or malformed."""


class PasswordHasher(Protocol):
    """Salted argon2id, off the event loop, in a bounded pool."""

    async def hash(self, password: str) -> str: ...
    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Take the same time for None, an unknown user, as for a wrong password."""

    def outdated(self, password_hash: str) -> bool: ...
