"""A user's webhook: where their notifications are posted, and how what is posted is written and signed.

By the Standard Webhooks specification 1.0.0 (https://github.com/standard-webhooks/standard-webhooks).
"""

import base64
import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

from app.domain.errors import InvalidInput
from app.domain.network import is_loopback, is_public, parsed_address
from app.domain.notification import Notification
from app.domain.times import iso8601

FORMER_SECRET_LIFETIME: Final = timedelta(days=1)
"""For so long after a rotation what is posted is signed with the former key too."""
_FORMER_SECRETS_MAX: Final = 4
_URL_MAX: Final = 2048
_URL: Final = re.compile(r"[!-~]+")
_PATH: Final = re.compile(r"[A-Za-z0-9!$&'()*+,;=:@/?%._~\-\[\]]*")
_NAME: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\.?")
_SECRET_BYTES: Final = 32
_HTTPS_PORT: Final = 443
_FIRST_FREE_PORT: Final = 1024
_LAST_PORT: Final = 65535


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
    """Return a webhook's URL in the one form in which it is stored: absolute, https, no user, no fragment.

    Its host is a domain name or the canonical form of a public address; its port is 443 or above 1023, where no other
    well-known service listens. With ``loopback`` it may also be this machine, over http too. What a name stands for
    is looked at when it is connected to.

    :raises InvalidInput: with a sentence that says what is wrong
    """
    parts = _split(text)
    host, port = _host(parts), _port(parts)
    here = loopback and (host == "localhost" or is_loopback(host))
    if not (parts.scheme == "https" or (parts.scheme == "http" and here)):
        raise _wrong("A webhook's URL begins with https://.")
    if not here and not (is_public(host) if parsed_address(host) else _NAME.fullmatch(host)):
        raise _wrong("A webhook's URL names a host that can be reached from everywhere.")
    if not here and port is not None and port != _HTTPS_PORT and port < _FIRST_FREE_PORT:
        raise _wrong("A webhook's port is 443, or 1024 and above.")
    if not _PATH.fullmatch(parts.path + parts.query):
        raise _wrong("In the path of a webhook's URL this must be percent-encoded.")
    authority = f"[{host}]" if ":" in host else host
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{authority}{'' if port is None else f':{port}'}{parts.path or '/'}{query}"


def _split(text: str) -> SplitResult:
    if len(text) > _URL_MAX or not _URL.fullmatch(text):
        raise _wrong(f"A webhook's URL has up to {_URL_MAX} printable ASCII characters and no spaces.")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _wrong("This is not a URL.") from None
    if "@" in parts.netloc:
        raise _wrong("A webhook's URL holds no user and no password: what is posted is signed.")
    if "#" in text:
        raise _wrong("A webhook's URL has no fragment.")
    return parts


def _host(parts: SplitResult) -> str:
    if not parts.hostname:
        raise _wrong("A webhook's URL names a host.")
    return parts.hostname.lower()


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is not None and not 1 <= port <= _LAST_PORT:
        raise _wrong("This is no port.")
    return port


def _wrong(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field=("webhookUrl",))
