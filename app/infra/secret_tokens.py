"""The ports ``RefreshTokens`` and ``LinkTokens``: an id, a full stop, and 256 bits that only we can make."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Final, Literal, final

from app.domain import base64url
from app.domain.session import SessionId

_TOKEN: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_-]{43})", re.ASCII)
_HALF: Final = 16
"""Bytes: 128 bits, of which no guess is right."""


@final
class HmacRefreshTokens:
    """16 bytes that are random or, by HMAC-SHA256 (RFC 2104), follow from the token before, then their own 16 of proof.

    The first of our keys signs. A former version's tokens look the same and prove nothing.
    """

    def __init__(self, key: str, *former: str) -> None:
        self._keys = [_derived(one, "refresh tokens") for one in (key, *former)]
        self._proofs = [_derived(one, "proofs of refresh tokens") for one in (key, *former)]

    def first(self, session: SessionId) -> str:
        return _proven(session, secrets.token_bytes(_HALF), self._proofs[0])

    def successors(self, token: str) -> Sequence[str]:
        session = token.partition(".")[0]
        seeds = [hmac.digest(key, token.encode(), "sha256")[:_HALF] for key in self._keys]
        return [_proven(session, seed, proof) for seed, proof in zip(seeds, self._proofs, strict=True)]

    def is_ours(self, token: str) -> bool:
        session, _, secret = token.partition(".")
        try:
            seed = base64url.decoded(secret)[:_HALF]
        except ValueError:
            return False
        return any(hmac.compare_digest(token, _proven(session, seed, proof)) for proof in self._proofs)

    def session_of(self, token: str) -> SessionId | None:
        match = _TOKEN.fullmatch(token)
        return SessionId(match[1]) if match else None

    def digest(self, token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()


@final
class HmacLinkTokens:
    """A link's id, authenticated for its purpose by HMAC-SHA256 with any of our keys; the first of them signs."""

    def __init__(self, purpose: Literal["password resets", "email verifications"], key: str, *former: str) -> None:
        self._keys = [_derived(one, purpose) for one in (key, *former)]

    def token(self, link: str) -> str:
        return f"{link}.{_mac(self._keys[0], link)}"

    def id_of(self, token: str) -> str | None:
        match = _TOKEN.fullmatch(token)
        if match is None or not any(hmac.compare_digest(match[2], _mac(key, match[1])) for key in self._keys):
            return None
        return match[1]


def _derived(key: str, purpose: str) -> bytes:
    """Return a key for one purpose only, so that what one of them signs means nothing to the others."""
    return hmac.digest(key.encode(), purpose.encode(), "sha256")


def _proven(session: str, seed: bytes, key: bytes) -> str:
    proof = hmac.digest(key, session.encode() + seed, "sha256")[:_HALF]
    return f"{session}.{base64url.encoded(seed + proof)}"


def _mac(key: bytes, text: str) -> str:
    return base64url.encoded(hmac.digest(key, text.encode(), "sha256"))
