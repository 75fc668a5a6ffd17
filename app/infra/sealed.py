"""What a URL has at its end: a few bytes, and 128 bits of proof that only we can make (HMAC-SHA256, RFC 2104)."""

import hmac
from datetime import UTC, datetime
from typing import Final, final

from app.domain import base64url
from app.domain.errors import LinkExpired

PROOF_BYTES: Final = 16
_SECRET_BYTES: Final = 32


@final
class Seal:
    """Seals bytes for one ``purpose``, of which nothing else that the secret signs can pass for a ticket.

    A key of its own is made for it. A ticket is valid for more than half of ``lifetime_seconds``, and never for longer
    than that: it ends at one of the instants that all processes agree on, so that the same bytes have the same ticket
    for half of that time.

    :raises ValueError: where the secret has fewer than 32 bytes
    """

    def __init__(self, secret: str, purpose: bytes, *, lifetime_seconds: int) -> None:
        if len(secret.encode()) < _SECRET_BYTES:
            raise ValueError(f"The secret of links needs at least {_SECRET_BYTES} bytes.")
        self._key = hmac.digest(secret.encode(), purpose, "sha256")
        self._lifetime = lifetime_seconds
        self._step = max(1, lifetime_seconds // 2)

    def expires(self, now: datetime) -> int:
        """Return when a ticket of now ends, in seconds since 1970."""
        return int(now.timestamp()) // self._step * self._step + self._lifetime

    def sealed(self, said: bytes) -> str:
        """Return the ticket; with the proof its bytes are a multiple of three, so that no two texts mean the same."""
        return base64url.encoded(said + self._proof(said))

    def opened(self, ticket: str, size: int) -> bytes | None:
        """Return what was sealed, so many bytes; None where it is forged or malformed: nobody is told which."""
        if len(ticket) != (size + PROOF_BYTES) * 4 // 3:
            return None
        try:
            data = base64url.decoded(ticket)
        except ValueError:
            return None
        said, proof = data[:size], data[size:]
        return said if hmac.compare_digest(proof, self._proof(said)) else None

    def _proof(self, said: bytes) -> bytes:
        return hmac.digest(self._key, said, "sha256")[:PROOF_BYTES]


def valid_until(seconds: int, now: datetime) -> datetime:
    """Return when a ticket ends.

    :raises LinkExpired: where it has
    """
    ends = instant(seconds)
    if now >= ends:
        raise LinkExpired
    return ends


def instant(seconds: int) -> datetime:
    """Return the instant of so many seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
