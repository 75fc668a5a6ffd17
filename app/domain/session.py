"""A sign-in and all that follows from it, until it ends."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from app.domain.user import UserId

SessionId = NewType("SessionId", str)
"""A UUID in its canonical text form: the family of all tokens that descend from one sign-in."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, by a token that was verified, in which session and until when."""

    id: UserId
    session: SessionId
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A sign-in as it is kept: of its refresh token only the digest. ``rotated_at`` is None until the first refresh.

    ``began_at`` is None where a former version wrote it, until the next refresh.
    """

    id: SessionId
    owner: UserId
    refresh_digest: str
    rotated_at: datetime | None
    expires_at: datetime
    began_at: datetime | None = None
