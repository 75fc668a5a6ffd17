"""The worker process: ``fiapx worker``."""

import asyncio
import os
import signal
import sys
from typing import Final, Literal

import structlog
from arq import cron, func

from app.bootstrap import Work, compose_worker
from app.infra.ffmpeg.confinement import Confinement, available
from app.infra.ffmpeg.privacy import keep_private
from app.infra.redis.queue import CONTROL_QUEUE, DELIVER_NOTIFICATIONS, PROCESS_VIDEO, REMOVE_OBJECTS, VIDEO_QUEUE
from app.infra.redis.stream import StreamRedis
from app.infra.redis.stream_worker import StreamWorker
from app.server.worker_port import answering
from app.settings import ControlSettings, VideoSettings
from app.usecases.catalogue import ControlUseCases
from jobs.control import collect_garbage, deliver_notifications, expire_videos, remove_objects, report_backlog
from jobs.process_video import process_video

log = structlog.get_logger(__name__)

Only = Literal["videos", "control"]

_EVERY_FIVE_SECONDS: Final = set(range(0, 60, 5))
_EVERY_HALF_MINUTE: Final = {12, 42}


def main(only: Only | None = None) -> None:
    """Serve both queues, or only the one named, until SIGTERM or SIGINT."""
    keep_private()
    # What a decoder that was taken over might look for is not there: no key of tokens, no way to send mails.
    settings = VideoSettings() if only == "videos" else ControlSettings()
    if only != "control":
        insist_on(available(), required=settings.require_confinement)
    asyncio.run(_serve(settings, only))


def insist_on(found: Confinement, *, required: bool) -> None:
    """Log which layers of the decoders' confinement this machine lacks; exit where all are required."""
    if not found.missing:
        return
    kernel = f"{os.uname().sysname} {os.uname().release} on {os.uname().machine}"
    missing = " and ".join(found.missing)
    if required:
        sys.exit(f"fiapx worker: this kernel ({kernel}) has no {missing}, which FIAPX_REQUIRE_CONFINEMENT asks for.")
    log.warning("decoders are not fully confined here", missing=missing, kernel=kernel)


async def _serve(settings: VideoSettings, only: Only | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with compose_worker(settings) as work, answering(work.metrics.text, settings.host, settings.worker_port):
        workers = []
        if only != "control":
            workers.append(_video_worker(settings, work))
        if work.control is not None:
            workers.append(_control_worker(settings, work.control, work.redis))
        running = [asyncio.create_task(worker.main()) for worker in workers]
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await asyncio.gather(*(worker.stop("shutdown") for worker in workers))
        await asyncio.gather(*running)


def _video_worker(settings: VideoSettings, work: Work) -> StreamWorker:
    return StreamWorker(
        [func(process_video, name=PROCESS_VIDEO)],
        redis=work.redis,
        queue_name=VIDEO_QUEUE,
        max_jobs=settings.worker_slots,
        ctx={"attempt_video": work.attempt_video},
        visibility_seconds=settings.lease_seconds,  # Nobody could do anything with an entry sooner.
        shutdown_wait_seconds=settings.shutdown_wait_seconds,
    )


def _control_worker(settings: VideoSettings, control: ControlUseCases, redis: StreamRedis) -> StreamWorker:
    return StreamWorker(
        [func(deliver_notifications, name=DELIVER_NOTIFICATIONS), func(remove_objects, name=REMOVE_OBJECTS)],
        redis=redis,
        queue_name=CONTROL_QUEUE,
        max_jobs=settings.control_slots,
        # Whoever makes control work says so at once; these find what was said while Redis was away.
        cron_jobs=[
            cron(deliver_notifications, second=_EVERY_FIVE_SECONDS),
            cron(remove_objects, second=_EVERY_HALF_MINUTE),
            cron(collect_garbage, minute=17),
            cron(expire_videos, minute={7, 22, 37, 52}),
            cron(report_backlog, second=50),
        ],
        ctx={"work": control},
        shutdown_wait_seconds=settings.shutdown_wait_seconds,
    )
