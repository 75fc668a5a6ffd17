"""A queue that remembers what it was asked, and that can be away."""

from app.domain.user import UserId
from app.domain.video import VideoId


class RememberingQueue:
    """Obeys ports.JobQueue; ``away`` makes it answer as the real one does when Redis is gone."""

    def __init__(self) -> None:
        self.away = False
        self.videos: list[VideoId] = []
        self.notifications = 0
        self.removals = 0

    async def process_video(self, video: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        if self.away:
            return False
        self.videos.append(video)
        return True

    async def deliver_notifications(self) -> bool:
        self.notifications += not self.away
        return not self.away

    async def remove_objects(self) -> bool:
        self.removals += not self.away
        return not self.away
