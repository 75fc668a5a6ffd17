"""The queue."""

from typing import Protocol

from app.domain.user import UserId
from app.domain.video import VideoId


class JobQueue(Protocol):
    """Wakes workers. Best effort within a second: False where the queue is away, and the sweep makes good."""

    async def process_video(self, video: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        """Enqueue, unless it is queued and can really be delivered; True in both cases.

        ``traceparent`` names the trace that it belongs to, where that is not the caller's own.
        """

    async def deliver_notifications(self) -> bool: ...
    async def remove_objects(self) -> bool: ...
