"""The port ``FrameLinks``: what may be read, in 77 bytes, and 128 bits of proof that only we can make."""

import hmac
import struct
from datetime import UTC, datetime
from typing import Final, final
from uuid import UUID

from app.domain import base64url
from app.domain.errors import LinkExpired
from app.domain.frame import ArchivedFrame
from app.domain.identifiers import uuid_of
from app.domain.video import VideoId, VideoProcessing
from app.usecases.ports.frame_links import FrameTicket

_TICKET: Final = struct.Struct("<B16sIIIQI32sI")
_VERSION: Final = 1
_PROOF_BYTES: Final = 16
_SECRET_BYTES: Final = 32
_TEXT: Final = (_TICKET.size + _PROOF_BYTES) * 4 // 3
"""Characters; the bytes are a multiple of three, so that no two texts mean the same."""
_PURPOSE: Final = b"links to pictures"
"""A key of its own is made for it, so that nothing else that the secret signs can pass for a ticket."""


@final
class HmacFrameLinks:
    """Tickets of our own ``/frames/{ticket}`` by HMAC-SHA256 (RFC 2104), on the page's own host without ``public_url``.

    A ticket is valid for more than half of ``lifetime_seconds``, and never for longer than that: it ends at one of the
    instants that all processes agree on, so that a picture's URL changes only every half of that time.

    :raises ValueError: where the secret has fewer than 32 bytes
    """

    def __init__(self, secret: str, *, lifetime_seconds: int, public_url: str | None = None) -> None:
        if len(secret.encode()) < _SECRET_BYTES:
            raise ValueError(f"The secret of links needs at least {_SECRET_BYTES} bytes.")
        self._key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
        self._lifetime = lifetime_seconds
        self._step = max(1, lifetime_seconds // 2)
        self._base = (public_url or "").rstrip("/")

    def link(self, video: VideoProcessing, frame: ArchivedFrame, now: datetime) -> tuple[str, datetime]:
        expires = int(now.timestamp()) // self._step * self._step + self._lifetime
        ticket = _TICKET.pack(
            _VERSION,
            UUID(video.id).bytes,
            video.attempt,
            frame.index,
            frame.name_milliseconds,
            frame.offset,
            frame.size_bytes,
            bytes.fromhex(frame.sha256),
            expires,
        )
        return f"{self._base}/frames/{base64url.encoded(ticket + self._proof(ticket))}", _instant(expires)

    def open(self, ticket: str, now: datetime) -> FrameTicket | None:
        if len(ticket) != _TEXT:
            return None
        try:
            data = base64url.decoded(ticket)
        except ValueError:
            return None
        said, proof = data[: _TICKET.size], data[_TICKET.size :]
        if not hmac.compare_digest(proof, self._proof(said)):
            return None
        _, video, attempt, index, name, offset, size, sha256, expires = _TICKET.unpack(said)
        if now >= _instant(expires):
            raise LinkExpired
        return FrameTicket(VideoId(uuid_of(video)), attempt, index, name, offset, size, sha256.hex(), _instant(expires))

    def _proof(self, ticket: bytes) -> bytes:
        return hmac.digest(self._key, ticket, "sha256")[:_PROOF_BYTES]


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
