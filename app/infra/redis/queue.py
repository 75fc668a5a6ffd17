"""The adapter of ``JobQueue``, and the names that it shares with the workers."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final, final

import structlog
from opentelemetry.trace import SpanKind

from app.domain.frames_export import ExportId
from app.domain.user import UserId
from app.domain.video import VideoId
from app.infra.redis.best_effort import BestEffort
from app.infra.redis.stream import StreamRedis
from app.infra.traces import continued, current_traceparent, span
from app.usecases.ports.queue import WorkerSeen

log = structlog.get_logger(__name__)

VIDEO_QUEUE: Final = "fiapx:videos"
CONTROL_QUEUE: Final = "fiapx:control"
IMPORT_QUEUE: Final = "fiapx:imports"
EXPORT_QUEUE: Final = "fiapx:exports"

PROCESS_VIDEO: Final = "process_video"
FETCH_IMPORT: Final = "fetch_import"
MAKE_EXPORT: Final = "make_export"
DELIVER_NOTIFICATIONS: Final = "deliver_notifications"
REMOVE_OBJECTS: Final = "remove_objects"

_JOB_EXPIRES: Final = timedelta(days=1)
"""Longer than a video may take. A sweep that asks again begins it anew, so a long wait does not use it up."""


@final
class ArqJobQueue:
    """Wakes workers through Redis; False where it is away, which is logged once, and then the sweep makes good."""

    def __init__(self, redis: StreamRedis) -> None:
        self._redis = redis
        self._try = BestEffort("queue")

    async def process_video(self, video: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        """Enqueue under the processing's id, so that it is queued once; an entry that vanished blocks nothing."""
        with continued(traceparent or current_traceparent()):
            return await self._enqueue(VIDEO_QUEUE, PROCESS_VIDEO, video, job_id=video, owner=owner)

    async def known(self, videos: Collection[VideoId]) -> set[VideoId]:
        found: set[str] = set()

        async def ask() -> None:
            found.update(await self._redis.known(VIDEO_QUEUE, videos))

        return {VideoId(video) for video in found} if await self._try(ask()) else {*videos}

    async def workers(self) -> Sequence[WorkerSeen] | None:
        found: list[WorkerSeen] = []

        async def ask() -> None:
            found.extend(WorkerSeen(*one) for one in await self._redis.workers(VIDEO_QUEUE))

        return found if await self._try(ask()) else None

    async def fetch_import(self, which: VideoId, owner: UserId, traceparent: str | None = None) -> bool:
        with continued(traceparent or current_traceparent()):
            return await self._enqueue(IMPORT_QUEUE, FETCH_IMPORT, which, job_id=f"import:{which}", owner=owner)

    async def make_export(self, which: ExportId, owner: UserId, traceparent: str | None = None) -> bool:
        with continued(traceparent or current_traceparent()):
            return await self._enqueue(EXPORT_QUEUE, MAKE_EXPORT, which, job_id=f"export:{which}", owner=owner)

    async def deliver_notifications(self) -> bool:
        return await self._enqueue(CONTROL_QUEUE, DELIVER_NOTIFICATIONS)

    async def remove_objects(self) -> bool:
        return await self._enqueue(CONTROL_QUEUE, REMOVE_OBJECTS)

    async def _enqueue(self, queue: str, function: str, *args: str, job_id: str | None = None, owner: str = "") -> bool:
        """Without an id every call is a job of its own: one that runs already may have looked too early."""
        with span(f"enqueue {function}", SpanKind.PRODUCER):
            return await self._try(self._put(queue, function, *args, job_id=job_id, owner=owner))

    async def _put(self, queue: str, function: str, *args: str, job_id: str | None, owner: str) -> None:
        added = await self._redis.enqueue_job(
            function,
            *args,
            _queue_name=queue,
            _job_id=job_id,
            _owner=owner,
            _expires=_JOB_EXPIRES,
            _traceparent=current_traceparent(),
        )
        if added is not None and function == PROCESS_VIDEO:
            log.info("video queued", video=job_id)
