"""For how long the files of a processing are kept once it has ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from app.domain.errors import VideoExpired
from app.domain.video import VideoProcessing


@final
@dataclass(frozen=True, slots=True)
class Retention:
    """The upload and the ZIP of a processing are kept for so many days from its end; None is for ever.

    The processing itself stays in its owner's list. What was removed stays so, whatever the number of days becomes.
    """

    days: int | None = None

    def expires_at(self, video: VideoProcessing) -> datetime | None:
        """Return until when its files are kept; None where nobody can say, or where they are kept for ever."""
        if video.expired_at is not None:
            return video.expired_at
        if self.days is None or video.completed_at is None:
            return None
        return video.completed_at + timedelta(days=self.days)

    def expired(self, video: VideoProcessing, now: datetime) -> bool:
        """Return whether its files are no longer kept; they may wait for their removal."""
        until = self.expires_at(video)
        return until is not None and until <= now

    def refuse_expired(self, video: VideoProcessing, now: datetime) -> None:
        """Raise ``VideoExpired`` where its files are no longer kept."""
        until = self.expires_at(video)
        if until is not None and until <= now:
            raise VideoExpired(f"The files of this video were kept until {until:%Y-%m-%d}; send the video again.")

    def ended_by(self, now: datetime) -> datetime | None:
        """Return by when a processing must have ended for its files to go; None where they never do."""
        return None if self.days is None else now - timedelta(days=self.days)
