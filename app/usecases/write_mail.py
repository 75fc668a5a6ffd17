"""What a mail says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from app.domain.notification import Mail, Notification, NotificationEvent
from app.domain.user import User
from app.usecases.ports.clock import Clock
from app.usecases.ports.email_changes import EmailChange
from app.usecases.ports.mailed_links import MailedLink
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
        to_new = notification.event == NotificationEvent.EMAIL_CHANGE
        to_former = notification.event == NotificationEvent.EMAIL_CHANGED
        new_email, said = str(notification.data.get("newEmail", "")), notification.data
        told = await t.notifications.held(notification.id) if notification.event == NotificationEvent.DIGEST else None
        if told is not None and not told:
            return None
        return Mail(
            id=notification.id,
            to=new_email if to_new else str(said["to"]) if to_former else user.email,
            to_name=user.name,
            locale=user.locale,
            template=notification.event,
            values={
                "name": user.name,
                "file_name": notification.file_name,
                **_failure(notification),
                "frames": _frames(notification),
                "webhook_url": str(said.get("webhookUrl", "")),
                "key_name": str(said.get("keyName", "")),
                "keys": str(said.get("keys") or ""),
                "new_email": new_email,
                "url": url,
                **_counts(told or {}),
            },
            verified=user.email_verified_at is not None and not to_new,
            traceparent=notification.traceparent,
        )

    async def _url(self, t: Transaction, notification: Notification) -> str | None:
        """Return where the mail leads; None where that is of no use any more."""
        link: MailedLink | EmailChange | None
        if notification.event == NotificationEvent.PASSWORD_RESET:
            link, tokens, page = await t.password_resets.get(notification.id), self.reset_tokens, "reset-password"
        elif notification.event in (NotificationEvent.VERIFY_EMAIL, NotificationEvent.EMAIL_CHANGE):
            is_change = notification.event == NotificationEvent.EMAIL_CHANGE
            links = t.email_changes if is_change else t.email_verifications
            link, tokens, page = await links.get(notification.id), self.verification_tokens, "verify-email"
        elif notification.event == NotificationEvent.EMAIL_CHANGED:
            link, tokens, page = await t.email_changes.get(notification.id), self.reset_tokens, "reset-password"
        else:
            return self.public_url
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
