"""The ports ``RefreshTokens`` and ``ResetTokens``: an id, a full stop, and 256 bits that only we can make."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Final, final

from app.domain.session import SessionId

_TOKEN: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})", re.ASCII)


@final
class HmacRefreshTokens:
    """Each token is random or, by HMAC-SHA256 (RFC 2104), follows from the one before; the first of our keys signs."""

    def __init__(self, key: str, *former: str) -> None:
        self._keys = [_derived(one, "refresh tokens") for one in (key, *former)]

    def first(self, session: SessionId) -> str:
        return f"{session}.{secrets.token_urlsafe(32)}"

    def successors(self, token: str) -> Sequence[str]:
        return [f"{token.partition('.')[0]}.{_mac(key, token)}" for key in self._keys]

    def session_of(self, token: str) -> SessionId | None:
        match = _TOKEN.fullmatch(token)
        return SessionId(match[1]) if match else None

    def digest(self, token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()


@final
class HmacResetTokens:
    """A reset's id, authenticated by HMAC-SHA256 with any of our keys; the first of them signs."""

    def __init__(self, key: str, *former: str) -> None:
        self._keys = [_derived(one, "password resets") for one in (key, *former)]

    def token(self, reset: str) -> str:
        return f"{reset}.{_mac(self._keys[0], reset)}"

    def reset_of(self, token: str) -> str | None:
        match = _TOKEN.fullmatch(token)
        if match is None or not any(hmac.compare_digest(match[2], _mac(key, match[1])) for key in self._keys):
            return None
        return match[1]


def _derived(key: str, purpose: str) -> bytes:
    """Give a key for one purpose only, so that what one of them signs means nothing to the others."""
    return hmac.digest(key.encode(), purpose.encode(), "sha256")


def _mac(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).rstrip(b"=").decode()
