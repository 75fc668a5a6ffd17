"""A queue that remembers what it was asked, and that can be away."""

from collections.abc import Collection, Sequence

from app.domain.frames_export import ExportId
from app.domain.user import UserId
from app.domain.video import VideoId
from app.usecases.ports.queue import WorkerSeen


class RememberingQueue:
    """Obeys ports.JobQueue; ``away`` makes it answer as the real one does when Redis is gone."""

    def __init__(self) -> None:
        self.away = False
        self.videos: list[VideoId] = []
        self.fleet = [WorkerSeen("worker", 1, 0)]
        self.imports: list[VideoId] = []
        self.exports: list[ExportId] = []
        self.notifications = 0
        self.removals = 0

    async def process_video(self, video: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        if self.away:
            return False
        self.videos.append(video)
        return True

    async def known(self, videos: Collection[VideoId]) -> set[VideoId]:
        return set(videos) if self.away else {*videos} & {*self.videos}

    async def workers(self) -> Sequence[WorkerSeen] | None:
        return None if self.away else self.fleet

    async def fetch_import(self, which: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        if self.away:
            return False
        self.imports.append(which)
        return True

    async def make_export(self, which: ExportId, owner: UserId, traceparent: str | None = None) -> bool:
        if self.away:
            return False
        self.exports.append(which)
        return True

    async def deliver_notifications(self) -> bool:
        self.notifications += not self.away
        return not self.away

    async def remove_objects(self) -> bool:
        self.removals += not self.away
        return not self.away
