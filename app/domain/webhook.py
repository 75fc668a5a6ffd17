"""A user's webhook: where their notifications are posted, and how what is posted is written and signed.

By the Standard Webhooks specification 1.0.0 (https://github.com/standard-webhooks/standard-webhooks).
"""

import base64
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app.domain.notification import Notification
from app.domain.public_url import PublicUrl
from app.domain.times import iso8601

FORMER_SECRET_LIFETIME: Final = timedelta(days=1)
"""For so long after a rotation what is posted is signed with the former key too."""
_FORMER_SECRETS_MAX: Final = 4
_SECRET_BYTES: Final = 32
_ADDRESS: Final = PublicUrl("A webhook", "webhookUrl", because="what is posted is signed")


@dataclass(frozen=True, slots=True)
class FormerSecret:
    """A signing key that was rotated away and still counts for a while."""

    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to post, and with which keys to sign; ``former`` are those of the last rotations, newest first."""

    url: str
    secret: str
    former: tuple[FormerSecret, ...] = ()

    @classmethod
    def new(cls, url: str) -> "Webhook":
        """Make one with a key of its own."""
        return cls(url, new_secret())

    def rotated(self, at: datetime) -> "Webhook":
        """Rotate its key; the present one stays valid for a day, as do those that still are."""
        former = (FormerSecret(self.secret, at + FORMER_SECRET_LIFETIME), *self.former)
        valid = tuple(one for one in former if one.expires_at > at)
        return replace(self, secret=new_secret(), former=valid[:_FORMER_SECRETS_MAX])

    def secrets(self, at: datetime) -> tuple[str, ...]:
        """Return the keys to sign with, the present one first."""
        return (self.secret, *(one.secret for one in self.former if one.expires_at > at))


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """One post: ``id`` and ``body`` are the same in every try, so that a receiver can tell a repeat."""

    id: str
    url: str
    secrets: tuple[str, ...]
    body: str
    traceparent: str | None = None


def new_secret() -> str:
    """Make a signing key as the specification writes it: ``whsec_`` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def body_of(notification: Notification) -> str:
    """Write what is posted: JSON with ``type``, ``timestamp`` (when it happened) and ``data``; docs/webhooks.md."""
    said = {
        "type": notification.event,
        "timestamp": iso8601(notification.created_at),
        "data": dict(notification.data),
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def checked_webhook_url(text: str, *, loopback: bool = False) -> str:
    """Return a webhook's URL in the one form in which it is stored, see ``PublicUrl``.

    :raises InvalidInput: with a sentence that says what is wrong
    """
    return _ADDRESS.checked(text, loopback=loopback)
