"""What leaves for users, mail and webhooks, and what is one and the same address."""

from typing import Protocol

from app.domain.notification import Mail
from app.domain.webhook import WebhookMessage


class Mailer(Protocol):
    """Sends e-mail."""

    async def send(self, mail: Mail) -> str:
        """Return the server's answer; raises ``NotificationError`` with what it said."""


class WebhookSender(Protocol):
    """Posts to users' webhooks, and to nothing that is not open to the whole internet."""

    async def send(self, message: WebhookMessage) -> str:
        """Return the receiver's answer; raises ``NotificationError`` with what is wrong, ``WebhookGone`` for a 410."""


class MailAddresses(Protocol):
    """Which addresses are one and the same; both raise ``InvalidInput`` for what is none."""

    def normal_form(self, text: str) -> str:
        """Return the one form under which an address is unique; refuse what mail would not reach exactly as it is."""

    def spellings(self, text: str) -> tuple[str, ...]:
        """Return all forms under which its account may be kept, the normal one first, as it was typed last."""
