"""The worker process: ``fiapx worker``."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, NoReturn

import structlog
from arq import cron, func

from app.bootstrap import Work, compose_worker
from app.infra.ffmpeg.confinement import Confinement, available, keep_private
from app.infra.ffmpeg.program import program
from app.infra.redis.queue import (
    CONTROL_QUEUE,
    DELIVER_NOTIFICATIONS,
    EXPORT_QUEUE,
    FETCH_IMPORT,
    IMPORT_QUEUE,
    MAKE_EXPORT,
    PROCESS_VIDEO,
    REMOVE_OBJECTS,
    VIDEO_QUEUE,
)
from app.infra.redis.stream import StreamRedis
from app.infra.redis.stream_worker import StreamWorker
from app.server.own_port import about_worker, answering
from app.settings import ControlSettings, VideoSettings
from app.usecases.catalogue import ControlUseCases
from app.usecases.ports.frames import DecoderUnavailable
from jobs.control import control_jobs
from jobs.fetch_import import fetch_import
from jobs.make_export import make_export
from jobs.process_video import process_video

log = structlog.get_logger(__name__)

Only = Literal["videos", "control"]

_NO_DECODER: Final = os.EX_UNAVAILABLE
"""The exit code of a worker that cannot decode at all: 69, of sysexits(3)."""
_UNFIT: Final = os.EX_SOFTWARE
"""The exit code of one in which too many videos broke: 70."""
BY_THE_CLOCK: Final[Mapping[str, Mapping[str, Any]]] = {
    DELIVER_NOTIFICATIONS: {"second": set(range(0, 60, 5))},
    REMOVE_OBJECTS: {"second": {12, 42}},
    "sweep_imports": {"second": set(range(2, 60, 5))},
    "sweep_exports": {"second": set(range(4, 60, 5))},
    "collect_garbage": {"minute": 17},
    "expire_videos": {"minute": {7, 22, 37, 52}},
    "replace_lost_zips": {"minute": 47, "run_at_startup": True},
    "report_backlog": {"second": 50},
}
"""When each job of the control queue is done, whoever asks: that finds what was said while Redis was away."""


def main(only: Only | None = None) -> None:
    """Serve both queues, or only the one named, until SIGTERM or SIGINT."""
    keep_private()
    # What a decoder that was taken over might look for is not there: no key of tokens, no way to send mails.
    settings = VideoSettings() if only == "videos" else ControlSettings()
    executable = None
    try:
        if only != "control":
            insist_on(available(), required=settings.require_confinement)
            executable = program()
        fit = asyncio.run(_serve(settings, only, executable))
    except DecoderUnavailable as fault:
        _exit(_NO_DECODER, f"videos cannot be decoded here: {fault}. fiapx check says more.")
    if not fit:
        _exit(_UNFIT, "too many videos in a row broke in it; its log says why. It is to be started anew.")


def insist_on(found: Confinement, *, required: bool) -> None:
    """Log which layers of the decoders' confinement this machine lacks; exit where all are required."""
    if not found.missing:
        return
    kernel = f"{os.uname().sysname} {os.uname().release} on {os.uname().machine}"
    missing = " and ".join(found.missing)
    if required:
        sys.exit(f"fiapx worker: this kernel ({kernel}) has no {missing}, which FIAPX_REQUIRE_CONFINEMENT asks for.")
    log.warning("decoders are not fully confined here", missing=missing, kernel=kernel)


def _exit(code: int, sentence: str) -> NoReturn:
    sys.stderr.write(f"fiapx worker: {sentence}\n")
    sys.exit(code)


async def _serve(settings: VideoSettings, only: Only | None, executable: str | None) -> bool:
    """Work until there is a signal, and return True, or until this worker is unfit for more, and return False.

    :raises DecoderUnavailable: where it is unfit for any
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with compose_worker(settings, executable) as work, _answering(settings, work):
        workers, health = [], work.attempt_video.health
        guarding = None
        if only != "control":
            await _insist_on_decoding(work)
            worker = _video_worker(settings, work)
            guarding = asyncio.create_task(work.attempt_video.stores.guard(worker.pause, worker.resume))
            workers += [worker, _export_worker(settings, work)]
        if work.control is not None:
            workers.append(_control_worker(settings, work.control, work.redis))
            workers.append(_import_worker(settings, work.control, work.redis))
        running = [asyncio.create_task(worker.main()) for worker in workers]
        ends = [asyncio.create_task(event.wait()) for event in (stop, health.unfit)]
        await asyncio.wait([*ends, *running], return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        fit = stop.is_set() or not health.unfit.is_set()
        if not fit:
            log.error("the worker is unfit, it takes no more videos and ends", broken=health.broken_in_a_row)
        await asyncio.gather(*(worker.stop("shutdown" if fit else "unfit") for worker in workers))
        await asyncio.gather(*running)
        if guarding is not None:
            guarding.cancel()
        return fit


def _answering(settings: VideoSettings, work: Work) -> AbstractAsyncContextManager[None]:
    app = about_worker(work.metrics.text, work.attempt_video.health)
    return answering(app, settings.host, settings.worker_port)


async def _insist_on_decoding(work: Work) -> None:
    """Try the decoder; raises ``DecoderUnavailable`` where it does not do, or where there is no room to work in."""
    try:
        await work.attempt_video.try_decoder()
    except DecoderUnavailable:
        raise
    except OSError as fault:
        raise DecoderUnavailable(f"there is nowhere to work ({fault})") from fault


def _video_worker(settings: VideoSettings, work: Work) -> StreamWorker:
    return StreamWorker(
        [func(process_video, name=PROCESS_VIDEO)],
        redis=work.redis,
        queue_name=VIDEO_QUEUE,
        max_jobs=settings.worker_slots,
        ctx={"attempt_video": work.attempt_video},
        visibility_seconds=settings.lease_seconds,  # Nobody could do anything with an entry sooner.
        on_preemption=work.metrics.preempted.inc,
        shutdown_wait_seconds=settings.shutdown_wait_seconds,
    )


def _export_worker(settings: VideoSettings, work: Work) -> StreamWorker:
    """Make files of pictures where there is a decoder, in slots of its own: who asks for one waits for it in a page."""
    return StreamWorker(
        [func(make_export, name=MAKE_EXPORT)],
        redis=work.redis,
        queue_name=EXPORT_QUEUE,
        max_jobs=settings.export_slots,
        ctx={"make_export": work.make_export},
        visibility_seconds=settings.lease_seconds,
        shutdown_wait_seconds=settings.shutdown_wait_seconds,
    )


def _control_worker(settings: VideoSettings, control: ControlUseCases, redis: StreamRedis) -> StreamWorker:
    jobs = control_jobs(control)
    return StreamWorker(
        [func(jobs[name], name=name) for name in (DELIVER_NOTIFICATIONS, REMOVE_OBJECTS)],
        redis=redis,
        queue_name=CONTROL_QUEUE,
        max_jobs=settings.control_slots,
        cron_jobs=[cron(jobs[name], name=f"cron:{name}", **when) for name, when in BY_THE_CLOCK.items()],
        shutdown_wait_seconds=settings.shutdown_wait_seconds,
    )


def _import_worker(settings: VideoSettings, control: ControlUseCases, redis: StreamRedis) -> StreamWorker:
    """Fetch from links in slots of its own: it may take hours, and no mail waits for that."""
    return StreamWorker(
        [func(fetch_import, name=FETCH_IMPORT)],
        redis=redis,
        queue_name=IMPORT_QUEUE,
        max_jobs=settings.import_slots,
        ctx={"fetch_import": control.fetch_import},
        visibility_seconds=settings.lease_seconds,
        shutdown_wait_seconds=0,  # What is given back is gone on with elsewhere at once.
    )
