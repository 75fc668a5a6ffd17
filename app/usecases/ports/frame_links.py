"""Links to single pictures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.frame import ArchivedFrame
from app.domain.video import VideoId, VideoProcessing


@dataclass(frozen=True, slots=True)
class FrameTicket:
    """What a link lets its holder read: these bytes of the ZIP that this attempt at this video made, and no others."""

    video: VideoId
    attempt: int
    index: int
    name_milliseconds: int
    offset: int
    size_bytes: int
    sha256: str
    expires_at: datetime


class FrameLinks(Protocol):
    """URLs of our own API that authorise themselves for a short time, each for one picture of one ZIP.

    A picture's URL stays the same for a while, so that browsers find in their cache what they have fetched.
    """

    def link(self, video: VideoProcessing, frame: ArchivedFrame, now: datetime) -> tuple[str, datetime]:
        """Return a URL of a picture of a completed video, and when it expires."""

    def open(self, ticket: str, now: datetime) -> FrameTicket | None:
        """Read what a URL has at its end; None where it is forged or malformed: nobody is told which.

        :raises LinkExpired: where it is ours, and its time is over
        """
