"""The storyboard of a video, as far as it is stored: while it is made, too."""

from dataclasses import dataclass
from datetime import datetime
from typing import final

from app.domain.errors import FrameNotFound, ProcessingNotFinished, VideoNotFound
from app.domain.retention import Retention
from app.domain.session import Viewer
from app.domain.storyboard import Storyboard
from app.domain.video import VideoId, VideoProcessing, storyboard_key
from app.usecases.frames import GONE
from app.usecases.ownership import owned_video
from app.usecases.ports.clock import Clock
from app.usecases.ports.storyboard_links import StoryboardTicket
from app.usecases.ports.transactions import Transactions

_NONE = "This video has no storyboard."
_NOT_THIS = "The storyboard of this video has no such file, or not yet."


@dataclass(frozen=True, slots=True)
class StoryboardFile:
    """A sheet or the WebVTT: under which key it is stored, and how large it is."""

    key: str
    name: str
    size_bytes: int


@final
@dataclass(frozen=True, slots=True)
class StoryboardUseCases:
    """Find a file of a storyboard, by its name.

    :raises VideoNotFound: where there is no such video
    :raises VideoExpired: where its files are no longer kept
    :raises FrameNotFound: where it has no storyboard, or that has no such file yet
    """

    transactions: Transactions
    clock: Clock
    retention: Retention

    async def file(self, viewer: Viewer, video: VideoId, name: str) -> StoryboardFile:
        """Return one of the viewer's own.

        :raises VideoNotBelongsToUser: where the video is another's
        :raises ProcessingNotFinished: where it has none yet, and may have one
        """
        found = await self.transactions.read(lambda t: owned_video(t, viewer, video))
        self.retention.refuse_expired(found, self.clock.now())
        if found.storyboard is None and not found.status.final:
            raise ProcessingNotFinished
        return _file(found, name)

    async def by_ticket(self, ticket: StoryboardTicket, name: str) -> StoryboardFile:
        """Return what a link leads to; that of another attempt is gone."""
        found = await self.transactions.read(lambda t: t.videos.get(ticket.video))
        if found is None:
            raise VideoNotFound
        self.retention.refuse_expired(found, self.clock.now())
        if found.attempt != ticket.attempt:
            raise VideoNotFound(GONE)
        return _file(found, name)


def shown_storyboard(video: VideoProcessing, retention: Retention, now: datetime) -> Storyboard | None:
    """Return what there is to see of a storyboard; None as long as no sheet is stored, and once it is not kept."""
    storyboard = video.storyboard
    return None if storyboard is None or not storyboard.sheet_bytes or retention.expired(video, now) else storyboard


def _file(video: VideoProcessing, name: str) -> StoryboardFile:
    if video.storyboard is None:
        raise FrameNotFound(_NONE)
    if (size := dict(video.storyboard.names()).get(name)) is None:
        raise FrameNotFound(_NOT_THIS)
    return StoryboardFile(storyboard_key(video.id, video.attempt, name), name, size)
