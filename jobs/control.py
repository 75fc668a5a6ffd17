"""Control work: it has a queue and slots of its own, so that it never waits behind videos."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

import structlog
from arq.typing import WorkerCoroutine

from app.domain.errors import StorageError
from app.usecases.catalogue import ControlUseCases
from app.usecases.ports.database import DatabaseUnavailable

log = structlog.get_logger(__name__)

_Step = Callable[[ControlUseCases], Awaitable[int]]


def _job(
    done: str, waits: str, on: tuple[type[Exception], ...] = (DatabaseUnavailable,)
) -> Callable[[_Step], WorkerCoroutine]:
    """Make a job of a step that counts what it did: the log tells that, or ``on`` which error the next run is left to.

    arq knows a job by its function's name, which it keeps.
    """

    def made(step: _Step) -> WorkerCoroutine:
        @wraps(step)
        async def job(ctx: dict[Any, Any]) -> None:
            try:
                if count := await step(ctx["work"]):
                    log.info(done, count=count)
            except on as error:
                log.warning(waits, fault=repr(error))

        return job

    return made


@_job("notifications delivered", waits="notifications wait for the database")
async def deliver_notifications(work: ControlUseCases) -> int:
    """Send the mails that are due."""
    return await work.deliver_notifications()


@_job("removals carried out", waits="removals wait for the database")
async def remove_objects(work: ControlUseCases) -> int:
    """Delete the objects that were given up."""
    return await work.remove_objects()


@_job("orphans removed", waits="housekeeping waits", on=(DatabaseUnavailable, StorageError))
async def collect_garbage(work: ControlUseCases) -> int:
    """Remove what nobody names."""
    return await work.collect_garbage()


@_job("videos expired", waits="what expires waits for the database")
async def expire_videos(work: ControlUseCases) -> int:
    """Let go of files that were kept for long enough."""
    return await work.expire_videos()


@_job("lost ZIPs replaced", waits="lost ZIPs are looked for later", on=(DatabaseUnavailable, StorageError))
async def replace_lost_zips(work: ControlUseCases) -> int:
    """Process again what is Completed and has lost its ZIP."""
    return await work.replace_lost_zips()


async def report_backlog(ctx: Mapping[str, Any]) -> None:
    """Write down how much there is to do, for those who watch logs and have no Prometheus.

    No line where the database is away: that there is none is what alarms on lines go by.
    """
    work: ControlUseCases = ctx["work"]
    try:
        log.info("backlog", **await work.measure_backlog())
    except DatabaseUnavailable as error:
        log.warning("the backlog cannot be measured", fault=str(error))
