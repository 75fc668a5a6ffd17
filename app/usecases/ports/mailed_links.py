"""The record of links that were mailed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.user import UserId


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A link that was mailed; its mail has the same id. Of its token nothing is kept."""

    id: str
    user: UserId
    expires_at: datetime


class MailedLinks(Protocol):
    """The tables ``password_resets`` and ``email_verifications``."""

    async def add(self, link: MailedLink) -> None: ...
    async def get(self, link: str) -> MailedLink | None: ...
    async def remove_all(self, user: UserId) -> int:
        """Delete all of a user; say how many there were."""

    async def forget(self, *, expired_before: datetime, limit: int) -> None: ...
