"""What a mail says."""

from dataclasses import dataclass
from typing import final

from app.domain.notification import Mail, Notification, NotificationEvent
from app.domain.user import User
from app.usecases.ports import Clock, LinkTokens, Transaction


@final
@dataclass(frozen=True, slots=True)
class WriteMail:
    """Write a notification as a mail to its user, in their language; None where it is of no use any more."""

    reset_tokens: LinkTokens
    verification_tokens: LinkTokens
    clock: Clock
    public_url: str

    async def __call__(self, t: Transaction, notification: Notification, user: User) -> Mail | None:
        url = await self._url(t, notification)
        if url is None:
            return None
        failure = notification.failure
        return Mail(
            id=notification.id,
            to=user.email,
            to_name=user.name,
            locale=user.locale,
            template=notification.event,
            values={
                "name": user.name,
                "file_name": notification.file_name,
                "reason": failure.reason if failure else str(notification.data.get("reason", "")),
                "code": failure.code if failure else "",
                "frames": _frames(notification),
                "webhook_url": str(notification.data.get("webhookUrl", "")),
                "url": url,
            },
            traceparent=notification.traceparent,
        )

    async def _url(self, t: Transaction, notification: Notification) -> str | None:
        """Say where the mail leads; None where that is of no use any more."""
        if notification.event == NotificationEvent.PASSWORD_RESET:
            links, tokens, page = t.password_resets, self.reset_tokens, "reset-password"
        elif notification.event == NotificationEvent.VERIFY_EMAIL:
            links, tokens, page = t.email_verifications, self.verification_tokens, "verify-email"
        else:
            return self.public_url
        link = await links.get(notification.id)
        if link is None or link.lapses_at <= self.clock.now():
            return None
        # Behind the number sign, which browsers tell neither servers nor other pages.
        return f"{self.public_url}/{page}#token={tokens.token(link.id)}"


def _frames(notification: Notification) -> str:
    result = notification.data.get("result")
    return str(result.get("frameCount", "")) if isinstance(result, dict) else ""
