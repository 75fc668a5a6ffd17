"""A sign-in and all that follows from it, until it ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType, Self

from app.domain.described import Described
from app.domain.errors import InsufficientScope
from app.domain.user import UserId

SessionId = NewType("SessionId", str)
"""A UUID in its canonical text form: the family of all tokens that descend from one sign-in."""


_AGENT_MAX: Final = 255


class Scope(Described):
    """What a key for programs may do. None of them changes an account."""

    READ = "read", "See videos, watch them, download their frames, and see what their owner was told and who that is."
    UPLOAD = "upload", "Send videos, in one request, in parts or by link, and process one again."
    DELETE = "delete", "Cancel and delete videos."


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, by a token or a key that was verified, in which session and until when.

    ``scopes`` are a key's; None is somebody who signed in, and may do all.
    """

    id: UserId
    session: SessionId
    expires_at: datetime
    scopes: frozenset[Scope] | None = None

    def allowed(self, scope: Scope | None = None) -> Self:
        """Return the viewer, where their key has this scope; None is for what no key may do.

        :raises InsufficientScope: where it has not
        """
        if self.scopes is None or scope in self.scopes:
            return self
        raise InsufficientScope(scope)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A sign-in as it is kept: of its refresh token only the digest. ``rotated_at`` is None until the first refresh.

    ``began_at`` is None where a former version wrote it, until the next refresh. ``agent`` is what the program
    called itself that signed in, None where it said nothing or a former version heard it.
    """

    id: SessionId
    owner: UserId
    refresh_digest: str
    rotated_at: datetime | None
    expires_at: datetime
    began_at: datetime | None = None
    agent: str | None = None


def agent_of(header: str | None) -> str | None:
    """Return what a program calls itself (RFC 9110, section 10.1.5) as it is kept: one line of at most 255 characters.

    None for nothing. It is a stranger's word, good for nothing but to know one's own sessions again.
    """
    return " ".join((header or "").split())[:_AGENT_MAX].rstrip() or None
