"""The record of addresses that users want in place of theirs, or may have back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.user import UserId


@dataclass(frozen=True, slots=True)
class EmailChange:
    """A link that was mailed to an address, which is its user's once it is used; its mail has the same id."""

    id: str
    user: UserId
    email: str
    expires_at: datetime
    leads_back: bool = False
    """Whether it was theirs before: whoever has the link takes the account back."""


class EmailChanges(Protocol):
    """The table ``email_changes``. Of one user one change is wanted at most; there may be several ways back."""

    async def add(self, change: EmailChange) -> None: ...
    async def get(self, link: str) -> EmailChange | None: ...
    async def wanted(self, user: UserId) -> EmailChange | None:
        """Return the one that a user asked for."""

    async def held(self, emails: Collection[str], now: datetime, *, but: UserId | None = None) -> bool:
        """Return whether somebody else than this user has a way back to one of these addresses."""

    async def withdraw(self, user: UserId) -> int:
        """Delete the one that a user asked for; say how many there were."""

    async def remove_all(self, user: UserId) -> int:
        """Delete all of a user, ways back too; say how many there were."""

    async def forget(self, *, expired_before: datetime, limit: int) -> None: ...
