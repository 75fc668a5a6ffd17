"""The job that turns one video into its ZIP."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from arq import Retry

from app.domain.video import VideoId
from app.usecases.attempt_video import AttemptVideo


async def process_video(ctx: Mapping[str, Any], video_id: str) -> None:
    """Make one attempt at the video.

    Returning acknowledges the job, and ``Retry`` brings it back at a given time.
    """
    attempt_video: AttemptVideo = ctx["attempt_video"]
    again_at = await attempt_video(VideoId(video_id))
    if again_at is not None:
        raise Retry(max(again_at - attempt_video.clock.now(), timedelta()))
