"""Control work: it has a queue and slots of its own, so that it never waits behind videos."""

from collections.abc import Mapping
from typing import Any

import structlog

from app.domain.errors import StorageError
from app.usecases.catalogue import ControlUseCases
from app.usecases.ports.database import DatabaseUnavailable

log = structlog.get_logger(__name__)


async def deliver_notifications(ctx: Mapping[str, Any]) -> None:
    """Send the mails that are due."""
    work: ControlUseCases = ctx["work"]
    try:
        if sent := await work.deliver_notifications():
            log.info("notifications delivered", count=sent)
    except DatabaseUnavailable:
        log.warning("notifications wait for the database")


async def remove_objects(ctx: Mapping[str, Any]) -> None:
    """Delete the objects that were given up."""
    work: ControlUseCases = ctx["work"]
    try:
        if removed := await work.remove_objects():
            log.info("removals carried out", count=removed)
    except DatabaseUnavailable:
        log.warning("removals wait for the database")


async def collect_garbage(ctx: Mapping[str, Any]) -> None:
    """Remove what nobody names."""
    work: ControlUseCases = ctx["work"]
    try:
        if orphans := await work.collect_garbage():
            log.info("orphans removed", count=orphans)
    except (DatabaseUnavailable, StorageError) as error:
        log.warning("housekeeping waits", fault=repr(error))


async def expire_videos(ctx: Mapping[str, Any]) -> None:
    """Let go of files that were kept for long enough."""
    work: ControlUseCases = ctx["work"]
    try:
        if expired := await work.expire_videos():
            log.info("videos expired", count=expired)
    except DatabaseUnavailable:
        log.warning("what expires waits for the database")


async def report_backlog(ctx: Mapping[str, Any]) -> None:
    """Write down how much there is to do, for those who watch logs and have no Prometheus.

    No line where the database is away: that there is none is what alarms on lines go by.
    """
    work: ControlUseCases = ctx["work"]
    try:
        log.info("backlog", **await work.measure_backlog())
    except DatabaseUnavailable as error:
        log.warning("the backlog cannot be measured", fault=str(error))
