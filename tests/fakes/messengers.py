"""The twins of the mail server and of users' webhooks."""

import asyncio

from app.domain.errors import NotificationError
from app.domain.notification import Mail
from app.domain.webhook import WebhookMessage


class MemoryMailer:
    """Obeys ports.Mailer; ``away`` makes it refuse as a server does that is down."""

    def __init__(self) -> None:
        self.away = False
        self.permanent = False
        self.sent: list[Mail] = []

    async def send(self, mail: Mail) -> str:
        await asyncio.sleep(0)
        if self.away:
            raise NotificationError("421 try again later", permanent=self.permanent)
        self.sent.append(mail)
        return "250 OK"


class MemoryWebhooks:
    """Obeys ports.WebhookSender; ``fault`` is raised once the message has arrived, as where the answer is lost."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.sent: list[WebhookMessage] = []

    async def send(self, message: WebhookMessage) -> str:
        await asyncio.sleep(0)
        self.sent.append(message)
        if self.fault is not None:
            raise self.fault
        return "HTTP 204 No Content"
