"""Waiting for a condition with a limit, instead of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], object | Awaitable[object]], seconds: float = 10) -> None:
    """Return once the condition holds; raises TimeoutError, naming it, where it does not hold in time."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(0.005)
