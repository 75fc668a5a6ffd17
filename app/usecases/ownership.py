"""Promise 2, in one place: only its owner sees a video."""

from app.domain.errors import VideoNotBelongsToUser, VideoNotFound
from app.domain.session import Viewer
from app.domain.video import VideoId, VideoProcessing
from app.usecases.ports.transactions import Transaction


async def owned_video(t: Transaction, viewer: Viewer, video: VideoId) -> VideoProcessing:
    """Read a processing on behalf of who asks; raises as ``owned``."""
    return owned(await t.videos.get(video), viewer)


def owned(found: VideoProcessing | None, viewer: Viewer) -> VideoProcessing:
    """Return what was found to who asks for it.

    :raises VideoNotFound: where there is none
    :raises VideoNotBelongsToUser: where it is another's
    """
    if found is None:
        raise VideoNotFound
    if found.owner != viewer.id:
        raise VideoNotBelongsToUser
    return found
