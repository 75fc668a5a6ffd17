"""Control work: it has a queue and slots of its own, so that it never waits behind videos."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from arq.typing import WorkerCoroutine

from app.domain.errors import StorageError
from app.usecases.catalogue import ControlUseCases
from app.usecases.ports.database import DatabaseUnavailable

log = structlog.get_logger(__name__)


def control_jobs(work: ControlUseCases) -> Mapping[str, WorkerCoroutine]:
    """Return the jobs by their names; how often they are done by the clock is for the worker to say."""
    return {
        "deliver_notifications": _counting(
            work.deliver_notifications, "notifications delivered", waits="notifications wait for the database"
        ),
        "remove_objects": _counting(
            work.remove_objects, "removals carried out", waits="removals wait for the database"
        ),
        "collect_garbage": _counting(work.collect_garbage, "orphans removed", waits="housekeeping waits"),
        "expire_videos": _counting(work.expire_videos, "videos expired", waits="what expires waits for the database"),
        "replace_lost_zips": _counting(
            work.replace_lost_zips, "lost ZIPs replaced", waits="lost ZIPs are looked for later"
        ),
        "sweep_imports": _quiet(work.sweep_imports, waits="imports wait for the database"),
        "sweep_exports": _quiet(work.sweep_exports, waits="exports wait for the database"),
        "report_backlog": _reporting(work.measure_backlog),
    }


def _counting(step: Callable[[], Awaitable[int]], done: str, *, waits: str) -> WorkerCoroutine:
    """Make a job of a step that counts what it did: the log tells that, or which error the next run is left to."""

    async def job(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq names it
        try:
            if count := await step():
                log.info(done, count=count)
        except (DatabaseUnavailable, StorageError) as error:
            log.warning(waits, fault=repr(error))

    return job


def _quiet(step: Callable[[], Awaitable[object]], *, waits: str) -> WorkerCoroutine:
    """Make a job of a step that is done all the time, and is no news."""

    async def job(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq names it
        try:
            await step()
        except DatabaseUnavailable as error:
            log.warning(waits, fault=repr(error))

    return job


def _reporting(measure: Callable[[], Awaitable[Mapping[str, float]]]) -> WorkerCoroutine:
    """Make the job that writes down how much there is to do, for those who watch logs and have no Prometheus.

    No line where the database is away: that there is none is what alarms on lines go by.
    """

    async def job(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq names it
        try:
            log.info("backlog", **await measure())
        except DatabaseUnavailable as error:
            log.warning("the backlog cannot be measured", fault=str(error))

    return job
