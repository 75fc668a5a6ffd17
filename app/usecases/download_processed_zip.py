from dataclasses import dataclass
from typing import final

from app.domain.errors import ProcessingNotFinished
from app.domain.retention import Retention
from app.domain.session import Viewer
from app.domain.video import FramesArchive, VideoId, VideoProcessing
from app.usecases.ownership import owned_video
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transactions


@final
@dataclass(frozen=True, slots=True)
class DownloadProcessedZip:
    """Return which object holds the viewer's finished ZIP.

    :raises VideoNotFound: where there is no such video
    :raises VideoNotBelongsToUser: where it is another's
    :raises VideoExpired: where the ZIP is no longer kept
    :raises ProcessingNotFinished: where there is no ZIP, or not yet
    """

    transactions: Transactions
    clock: Clock
    retention: Retention

    async def __call__(self, viewer: Viewer, video: VideoId) -> tuple[VideoProcessing, FramesArchive]:
        found = await self.transactions.read(lambda t: owned_video(t, viewer, video))
        self.retention.refuse_expired(found, self.clock.now())
        if found.archive is None:
            raise ProcessingNotFinished
        return found, found.archive


def archive_file_name(video: VideoProcessing) -> str:
    """Name the ZIP as a user's disk should show it: after the video that it came from."""
    return named_after(video, "frames.zip")


def named_after(video: VideoProcessing, what: str) -> str:
    """Name what was made of a video, such as its ``frames.zip``."""
    stem, _, extension = video.original_file_name.rpartition(".")
    return f"{stem or extension}-{what}"
