"""The port ``FrameLinks``: what may be read, in 77 bytes and their proof."""

import struct
from datetime import datetime
from typing import Final, final
from uuid import UUID

from app.domain.frame import ArchivedFrame
from app.domain.identifiers import uuid_of
from app.domain.video import VideoId, VideoProcessing
from app.infra.sealed import Seal, instant, valid_until
from app.usecases.ports.frame_links import FrameTicket

_TICKET: Final = struct.Struct("<B16sIIIQI32sI")
_VERSION: Final = 1


@final
class HmacFrameLinks:
    """Tickets of our own ``/frames/{ticket}``, on the page's own host without ``public_url``; see ``Seal``.

    :raises ValueError: where the secret has fewer than 32 bytes
    """

    def __init__(self, secret: str, *, lifetime_seconds: int, public_url: str | None = None) -> None:
        self._seal = Seal(secret, b"links to pictures", lifetime_seconds=lifetime_seconds)
        self._base = (public_url or "").rstrip("/")

    def link(self, video: VideoProcessing, frame: ArchivedFrame, now: datetime) -> tuple[str, datetime]:
        expires = self._seal.expires(now)
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
        return f"{self._base}/frames/{self._seal.sealed(ticket)}", instant(expires)

    def open(self, ticket: str, now: datetime) -> FrameTicket | None:
        if (said := self._seal.opened(ticket, _TICKET.size)) is None:
            return None
        _, video, attempt, index, name, offset, size, sha256, expires = _TICKET.unpack(said)
        until = valid_until(expires, now)
        return FrameTicket(VideoId(uuid_of(video)), attempt, index, name, offset, size, sha256.hex(), until)
