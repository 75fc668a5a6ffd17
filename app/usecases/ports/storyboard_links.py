"""Links to storyboards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.video import VideoId, VideoProcessing


@dataclass(frozen=True, slots=True)
class StoryboardTicket:
    """What a link lets its holder read: the storyboard of this attempt at this video, and no other."""

    video: VideoId
    attempt: int
    expires_at: datetime


class StoryboardLinks(Protocol):
    """URLs of our own API that authorise themselves for a short time, each for one storyboard.

    One stays the same for a while, as those of pictures do.
    """

    def folder(self, video: VideoProcessing, now: datetime) -> tuple[str, datetime]:
        """Return the URL, with a slash at its end, behind which the files of a storyboard are, and when it expires.

        It is that of the video's present attempt.
        """

    def open(self, ticket: str, now: datetime) -> StoryboardTicket | None:
        """Read what a URL has there; None where it is forged or malformed: nobody is told which.

        :raises LinkExpired: where it is ours, and its time is over
        """
