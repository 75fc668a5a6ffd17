"""Outgoing webhooks."""

from typing import Protocol

from app.domain.webhook import WebhookMessage


class WebhookSender(Protocol):
    """Posts to users' webhooks, and to nothing that is not open to the whole internet."""

    async def send(self, message: WebhookMessage) -> str:
        """Return the receiver's answer; raises ``NotificationError`` with what is wrong, ``WebhookGone`` for a 410."""
        ...
