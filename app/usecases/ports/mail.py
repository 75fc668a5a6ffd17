"""Outgoing mail."""

from typing import Protocol

from app.domain.notification import Mail


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, mail: Mail) -> str:
        """Return the server's answer; raises ``NotificationError`` with what it said."""
        ...
