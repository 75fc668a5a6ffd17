"""One read for all who want the same at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar, final

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@final
class SharedReads(Generic[K, V]):
    """Runs a read once for all who ask for the same key before it begins, which is at the event loop's next turn.

    Whoever asks later gets a read of their own, so nobody is given anything older than their question.
    """

    def __init__(self, read: Callable[[K], Awaitable[V]]) -> None:
        self._read = read
        self._about_to_begin: dict[K, asyncio.Task[V]] = {}

    async def __call__(self, key: K) -> V:
        task = self._about_to_begin.get(key)
        if task is None:
            task = self._about_to_begin[key] = asyncio.create_task(self._begin(key))
            task.add_done_callback(_heard)
        return await asyncio.shield(task)  # One who goes away takes nothing from the others.

    async def _begin(self, key: K) -> V:
        del self._about_to_begin[key]
        return await self._read(key)


def _heard(task: "asyncio.Task[V]") -> None:
    """Look at a fault, even where all who asked have gone."""
    if not task.cancelled():
        task.exception()
