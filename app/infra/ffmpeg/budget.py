"""How long anybody waits for a child."""

import asyncio
import math
from collections.abc import Awaitable
from typing import TypeVar, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode

T = TypeVar("T")


@final
class TimeBudget:
    """Seconds that may be spent waiting for children; the time that a slow consumer takes does not count.

    ``quiet_seconds`` is how long a child may be waited for without any progress of its own.
    Whatever is awaited of a child is awaited through ``wait``: only then can its watchdog end the waiting.
    """

    def __init__(self, seconds: float, quiet_seconds: float = math.inf) -> None:
        self.quiet_seconds = quiet_seconds
        self._left = seconds
        self._began = 0.0
        self._deadlines: list[asyncio.Timeout] = []
        self._fault: Exception | None = None

    @property
    def waiting(self) -> bool:
        """Whether somebody waits for a child just now."""
        return bool(self._deadlines)

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Wait for something of a child's.

        :raises ProcessingError: TIMED_OUT, once all is used up, or where the child has worked without any progress
        :raises OSError: where the machine has kept the child from working
        """
        loop = asyncio.get_running_loop()
        if not self._deadlines:
            self._began = loop.time()
        deadline = asyncio.timeout(self._left - (loop.time() - self._began))
        try:
            async with deadline:
                self._deadlines.append(deadline)
                result = await awaited
        except TimeoutError:
            if not deadline.expired():
                raise  # Its own, and a fault of the machine.
            raise self._fault or ProcessingError(FailureCode.TIMED_OUT) from None
        finally:
            self._deadlines.remove(deadline)
            if not self._deadlines:
                self._left -= loop.time() - self._began
        if self._fault:  # What came is but the end of a child that was given up.
            raise self._fault
        return result

    def give_up(self, fault: Exception) -> None:
        """End all waiting, now and later, with this."""
        self._fault = fault
        for deadline in self._deadlines:
            deadline.reschedule(asyncio.get_running_loop().time())
