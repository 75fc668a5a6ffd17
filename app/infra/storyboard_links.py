"""The port ``StoryboardLinks``: whose storyboard may be read, in 26 bytes and their proof."""

import struct
from datetime import datetime
from typing import Final, final
from uuid import UUID

from app.domain.identifiers import uuid_of
from app.domain.video import VideoId, VideoProcessing
from app.infra.sealed import Seal, instant, valid_until
from app.usecases.ports.storyboard_links import StoryboardTicket

_TICKET: Final = struct.Struct("<B16sIIx")
_VERSION: Final = 1


@final
class HmacStoryboardLinks:
    """Tickets of our own ``/storyboards/{ticket}/``, on the page's own host without ``public_url``; see ``Seal``.

    :raises ValueError: where the secret has fewer than 32 bytes
    """

    def __init__(self, secret: str, *, lifetime_seconds: int, public_url: str | None = None) -> None:
        self._seal = Seal(secret, b"links to storyboards", lifetime_seconds=lifetime_seconds)
        self._base = (public_url or "").rstrip("/")

    def folder(self, video: VideoProcessing, now: datetime) -> tuple[str, datetime]:
        expires = self._seal.expires(now)
        ticket = _TICKET.pack(_VERSION, UUID(video.id).bytes, video.attempt, expires)
        return f"{self._base}/storyboards/{self._seal.sealed(ticket)}/", instant(expires)

    def open(self, ticket: str, now: datetime) -> StoryboardTicket | None:
        if (said := self._seal.opened(ticket, _TICKET.size)) is None:
            return None
        _, video, attempt, expires = _TICKET.unpack(said)
        return StoryboardTicket(VideoId(uuid_of(video)), attempt, valid_until(expires, now))
