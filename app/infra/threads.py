"""What blocks, beside an event loop that must not."""

import asyncio
from asyncio import CancelledError, Future
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar, final

T = TypeVar("T")


@final
class Threads:
    """A bounded pool of somebody's own, whose slowness delays nothing else."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    def start(self, call: Callable[[], T]) -> "Future[T]":
        """Begin a call. Cancelling the future forgets the call but does not end it: see ``wait_uncancelled``.

        What it logs names the request or the attempt that it is made for, and its spans belong to that.
        """
        return asyncio.get_running_loop().run_in_executor(self._pool, copy_context().run, call)

    async def aclose(self) -> None:
        """Wait until all calls have ended; none can begin any more."""
        await asyncio.to_thread(self._pool.shutdown)


async def wait_uncancelled(future: "Future[T]", stop: Callable[[], object] | None = None) -> T:
    """Wait until it has really ended, even if we are cancelled meanwhile; the cancellation is passed on only then.

    ``stop`` is called upon a cancellation, to make the end come sooner.
    """
    cancelled: CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except CancelledError as error:
            cancelled = error
            if stop is not None:
                stop()
    if cancelled is not None:
        if not future.cancelled():
            future.exception()  # Looked at, so that nobody reports it as never retrieved.
        raise cancelled
    return future.result()
