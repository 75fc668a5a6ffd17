"""What a mail says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from app.domain.notification import Mail, Notification, NotificationEvent
from app.domain.user import User
from app.usecases.ports.clock import Clock
from app.usecases.ports.tokens import LinkTokens
from app.usecases.ports.transactions import Transaction


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
        told = await t.notifications.held(notification.id) if notification.event == NotificationEvent.DIGEST else None
        if told is not None and not told:
            return None
        return Mail(
            id=notification.id,
            to=user.email,
            to_name=user.name,
            locale=user.locale,
            template=notification.event,
            values={
                "name": user.name,
                "file_name": notification.file_name,
                **_failure(notification),
                "frames": _frames(notification),
                "webhook_url": str(notification.data.get("webhookUrl", "")),
                "key_name": str(notification.data.get("keyName", "")),
                "keys": str(notification.data.get("keys") or ""),
                "url": url,
                **_counts(told or {}),
            },
            verified=user.email_verified_at is not None,
            traceparent=notification.traceparent,
        )

    async def _url(self, t: Transaction, notification: Notification) -> str | None:
        """Return where the mail leads; None where that is of no use any more."""
        if notification.event == NotificationEvent.PASSWORD_RESET:
            links, tokens, page = t.password_resets, self.reset_tokens, "reset-password"
        elif notification.event == NotificationEvent.VERIFY_EMAIL:
            links, tokens, page = t.email_verifications, self.verification_tokens, "verify-email"
        else:
            return self.public_url
        link = await links.get(notification.id)
        if link is None or link.expires_at <= self.clock.now():
            return None
        # Behind the number sign, which browsers tell neither servers nor other pages.
        return f"{self.public_url}/{page}#token={tokens.token(link.id)}"


def _failure(notification: Notification) -> dict[str, str]:
    """Return why something failed, and its code where it has one."""
    if notification.failure is not None:
        return {"reason": notification.failure.reason, "code": notification.failure.code}
    said = notification.data.get("failure")
    if isinstance(said, dict):  # Of an import, whose codes are its own.
        return {"reason": str(said.get("reason", "")), "code": str(said.get("code", ""))}
    return {"reason": str(notification.data.get("reason", "")), "code": ""}


def _counts(told: Mapping[str, int]) -> dict[str, str]:
    """Return how many mails of each kind a digest stands for; nothing for none."""
    named = {
        "failed": NotificationEvent.VIDEO_FAILED,
        "completed": NotificationEvent.VIDEO_COMPLETED,
        "rejected": NotificationEvent.UPLOAD_REJECTED,
    }
    counts = {name: told.get(event, 0) for name, event in named.items()}
    counts["failed"] += told.get(NotificationEvent.IMPORT_FAILED, 0)  # To its owner it is a video that failed.
    counts["others"] = sum(told.values()) - sum(counts.values())
    return {name: str(count) if count else "" for name, count in counts.items()}


def _frames(notification: Notification) -> str:
    result = notification.data.get("result")
    return str(result.get("frameCount", "")) if isinstance(result, dict) else ""
