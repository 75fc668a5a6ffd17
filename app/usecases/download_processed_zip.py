"""DownloadProcessedZip."""

from dataclasses import dataclass
from typing import final

from app.domain.errors import ProcessingNotFinished
from app.domain.video import FramesArchive, VideoId, VideoProcessing
from app.usecases.ownership import owned_video
from app.usecases.ports import Transactions, Viewer


@final
@dataclass(frozen=True, slots=True)
class DownloadProcessedZip:
    """Say which object holds the viewer's finished ZIP.

    :raises VideoNotFound: where there is no such video
    :raises VideoNotBelongsToUser: where it is another's
    :raises ProcessingNotFinished: where there is no ZIP, or not yet
    """

    transactions: Transactions

    async def __call__(self, viewer: Viewer, video: VideoId) -> tuple[VideoProcessing, FramesArchive]:
        found = await self.transactions.read(lambda t: owned_video(t, viewer, video))
        if found.archive is None:
            raise ProcessingNotFinished
        return found, found.archive


def archive_file_name(video: VideoProcessing) -> str:
    """Name the ZIP as a user's disk should show it: after the video that it came from."""
    stem, _, extension = video.original_file_name.rpartition(".")
    return f"{stem or extension}-frames.zip"
