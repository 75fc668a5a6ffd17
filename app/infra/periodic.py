"""Things that every process does again and again."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import structlog

from app.domain.backoff import jittered

log = structlog.get_logger(__name__)

_LET_GO_SECONDS: Final = 5.0
"""So long a scope waits for what it has cancelled."""


def until_closed(exits: AsyncExitStack, work: Coroutine[Any, Any, object]) -> None:
    """Do this beside all else until ``exits`` are closed; then it has ended before what was opened earlier is closed.

    Else it would be met in the middle of a question by the end of its connection, and wait for ever.
    """
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task], timeout=_LET_GO_SECONDS)

    exits.push_async_callback(end)


async def periodically(name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Run a step every so many seconds, give or take a fifth, until cancelled.

    After an error of its own it waits two periods.
    """
    periods = 1
    while True:
        await asyncio.sleep(jittered(periods * seconds))
        try:
            await step()
            periods = 1
        except Exception as error:  # noqa: BLE001 - whatever it was, the next period tries again, and the log says so
            log.warning("a periodic step failed", step=name, fault=repr(error))
            periods = 2


async def until_it_works(name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Try a step every so many seconds until it has worked once, and say so then."""
    while True:
        await asyncio.sleep(jittered(seconds))
        with suppress(Exception):  # Whatever it was, the log has said once what is waited for.
            await step()
            log.info("a part has come", part=name)
            return
