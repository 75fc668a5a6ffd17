"""The queue."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.frames_export import ExportId
from app.domain.user import UserId
from app.domain.video import VideoId


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker for videos that said lately that it is there: how many it takes at once, and how many it has."""

    name: str
    slots: int
    running: int


class JobQueue(Protocol):
    """Wakes workers. Best effort within a second: False where the queue is away, and the sweep makes good."""

    async def process_video(self, video: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        """Enqueue, unless it is queued and can really be delivered; True in both cases.

        ``traceparent`` names the trace that it belongs to, where that is not the caller's own.
        """

    async def known(self, videos: Collection[VideoId]) -> set[VideoId]:
        """Return those of these that wait, run or are deferred; where the queue is away, all, since nobody knows."""

    async def workers(self) -> Sequence[WorkerSeen] | None:
        """Return those that are there; None where the queue is away."""

    async def fetch_import(self, which: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        """Enqueue as ``process_video`` does, for those who fetch what is behind links."""

    async def make_export(self, which: ExportId, owner: UserId, traceparent: str | None = None) -> bool:
        """Enqueue as ``process_video`` does, for those who make files of pictures."""

    async def deliver_notifications(self) -> bool: ...
    async def remove_objects(self) -> bool: ...
