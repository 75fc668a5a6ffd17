"""What blocks, beside an event loop that must not."""

import asyncio
import threading
from asyncio import CancelledError, Future
from collections.abc import Callable
from concurrent import futures
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar, final

import structlog

log = structlog.get_logger(__name__)

T = TypeVar("T")

LET_GO_SECONDS: Final = 2.0
"""So long whoever is cancelled waits for a call under way; a storage that says nothing would keep it for a minute."""

_Call = tuple["futures.Future[Any]", Callable[[], Any]]


@final
class Threads:
    """A bounded pool of somebody's own, whose slowness delays nothing else, and whose silence no process's end.

    The library's pool joins its threads when the process ends, however long that takes; ours die with it.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._threads: list[threading.Thread] = []
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._under_way: set[Future[Any]] = set()
        self._closed = False

    def start(self, call: Callable[[], T]) -> "Future[T]":
        """Begin a call. Cancelling the future forgets the call but does not end it: see ``wait_uncancelled``.

        What it logs names the request or the attempt that it is made for, and its spans belong to that.
        """
        if self._closed:
            raise RuntimeError(f"the threads of {self._name} are closed")
        answer: futures.Future[T] = futures.Future()
        self._calls.put((answer, partial(copy_context().run, call)))
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, name=f"{self._name}_{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        future = asyncio.wrap_future(answer)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        return future

    def _work(self) -> None:
        while (todo := self._next()) is not None:
            answer, call = todo
            if answer.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as fault:  # noqa: BLE001 - it is raised where the answer is waited for
                    answer.set_exception(fault)
                else:
                    answer.set_result(result)
                    del result
            del todo, answer, call  # An idle thread keeps nothing alive.

    def _next(self) -> _Call | None:
        try:
            return self._calls.get_nowait()
        except Empty:
            self._idle.release()
            return self._calls.get()

    async def aclose(self) -> None:
        """Wait for the calls under way, but not for long; none can begin any more."""
        self._closed = True
        if self._under_way:
            _, silent = await asyncio.wait(self._under_way, timeout=LET_GO_SECONDS)
            for future in silent:
                future.cancel()
        for _ in self._threads:
            self._calls.put(None)


async def wait_uncancelled(
    future: "Future[T]", stop: Callable[[], object] | None = None, cancelled: CancelledError | None = None
) -> T:
    """Wait until it has really ended, even if we are cancelled meanwhile; the cancellation is passed on only then.

    ``stop`` is called upon a cancellation, to make the end come sooner; where it does not come within
    ``LET_GO_SECONDS``, the future is left to itself. ``cancelled`` is a cancellation that came before.
    """
    now = asyncio.get_running_loop().time
    let_go_at = None if cancelled is None else now() + LET_GO_SECONDS
    while not future.done() and (let_go_at is None or now() < let_go_at):
        try:
            await asyncio.wait({future}, timeout=None if let_go_at is None else let_go_at - now())
        except CancelledError as error:
            cancelled = error
            let_go_at = let_go_at or now() + LET_GO_SECONDS
            if stop is not None:
                stop()
    if cancelled is None:
        return future.result()
    if not future.done():
        log.warning("a call that does not end is left to itself", seconds=LET_GO_SECONDS)
        future.cancel()
    elif not future.cancelled():
        future.exception()  # Looked at, so that nobody reports it as never retrieved.
    raise cancelled
