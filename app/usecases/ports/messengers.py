"""What leaves for users: mail and webhooks."""

from typing import Protocol

from app.domain.notification import Mail
from app.domain.webhook import WebhookMessage


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, mail: Mail) -> str:
        """Return the server's answer; raises ``NotificationError`` with what it said."""
        ...


class WebhookSender(Protocol):
    """Posts to users' webhooks, and to nothing that is not open to the whole internet."""

    async def send(self, message: WebhookMessage) -> str:
        """Return the receiver's answer; raises ``NotificationError`` with what is wrong, ``WebhookGone`` for a 410."""
        ...
