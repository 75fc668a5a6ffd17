"""The job that turns one video into its ZIP."""

from collections.abc import Mapping
from typing import Any

from arq import Retry

from app.domain.video import VideoId
from app.usecases.attempt_video import AttemptVideo


async def process_video(ctx: Mapping[str, Any], video_id: str) -> None:
    """Make one attempt at the video.

    Returning acknowledges the job, and ``Retry`` brings it back after a given time.
    """
    attempt_video: AttemptVideo = ctx["attempt_video"]
    again_in = await attempt_video(VideoId(video_id))
    if again_in is not None:
        raise Retry(again_in)
