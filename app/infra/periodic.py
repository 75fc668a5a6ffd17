"""Things that every process does again and again."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


async def periodically(name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Run a step every so many seconds, give or take a fifth, until cancelled.

    The jitter keeps many processes from acting in step. After an error of its own it waits two beats.
    """
    beats = 1
    while True:
        await asyncio.sleep(beats * seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter is no secret
        try:
            await step()
            beats = 1
        except Exception as error:  # noqa: BLE001 - whatever it was, the next beat tries again, and the log says so
            log.warning("a periodic step failed", step=name, fault=repr(error))
            beats = 2
