"""Parts of a process that dies at a certain call to the world outside, before it or just after.

All that a process does to others goes through its parts. Once it is dead none of them does anything more, whatever its
code still tries on the way out, so to the world outside it is killed there.
"""

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from app.usecases.ports.storage import ObjectWriter


class Died(BaseException):
    """The process is no more; no ``except Exception`` saves it."""


class Life:
    """Ends at the ``end``-th moment; a call has two, before it and after it."""

    def __init__(self, end: int) -> None:
        self._end = end
        self.moments: list[str] = []
        """All that there were, the last one being that of its death if it died."""

    @property
    def over(self) -> bool:
        return len(self.moments) >= self._end

    def moment(self, name: str) -> None:
        """Live through one more, or die there."""
        if not self.over:
            self.moments.append(name)
        if self.over:
            raise Died(name)


class Mortal:
    """A part as a process has it that may die: whatever is awaited of it has a moment before and one after."""

    def __init__(self, real: Any, name: str, life: Life) -> None:
        self._real = real
        self._name = name
        self._life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._mortal(name, found) if inspect.iscoroutinefunction(found) else found

    def _mortal(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*arguments: Any, **named: Any) -> Any:
            self._life.moment(f"before {self._name}.{name}")
            answer = await real(*arguments, **named)
            self._life.moment(f"after {self._name}.{name}")
            return answer

        return call


class MortalStorage(Mortal):
    """A storage: what is written appears at the end of the writing, and not where that died before."""

    @asynccontextmanager
    async def writer(self, key: str, content_type: str) -> AsyncIterator[ObjectWriter]:
        kind = key.partition("/")[0]
        self._life.moment(f"before writing {kind}")
        async with self._real.writer(key, content_type) as writer:
            yield writer
            self._life.moment(f"before the end of writing {kind}")
        self._life.moment(f"after the end of writing {kind}")
