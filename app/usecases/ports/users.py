"""The record of users."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.domain.user import User, UserId
from app.domain.webhook import Webhook
from app.usecases.paging import Slice


class Users(Protocol):
    """The table ``users``."""

    async def add(self, user: User) -> None:
        """Insert; raises ``EmailAlreadyRegistered``."""

    async def by_id(self, user: UserId) -> User | None: ...
    async def by_email(self, email: str) -> User | None:
        """Find by normalised address."""

    async def page(self, of_address: str, part: Slice) -> Sequence[User]:
        """Return those with this in their address, the newest first (by created_at, then id)."""

    async def lock(self, user: UserId) -> User | None:
        """Hold the user's row until the transaction ends; None where there is none. Always the first lock taken."""

    async def save(self, user: User) -> None:
        """Write down all of a user whose row is held, but for the webhook.

        :raises EmailAlreadyRegistered: where the address is another user's
        """

    async def webhook(self, user: UserId) -> Webhook | None: ...
    async def set_webhook(self, user: UserId, webhook: Webhook | None, at: datetime) -> None: ...
    async def remove(self, user: UserId) -> bool:
        """Delete the row; the database takes the user's videos, reservations and notifications with it."""
