"""Whether the stores that every video needs are there."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NoReturn, final

from app.domain.backoff import Backoff
from app.domain.errors import StorageError
from app.usecases.ports.attempt_reports import AttemptReports
from app.usecases.ports.database import DatabaseUnavailable

Probe = Callable[[], Awaitable[object]]
"""Asks a store something small; raises what that store's faults are."""

_BACKOFF: Final = Backoff(first=1, longest=15)
_ANSWER_SECONDS: Final = 10.0


@final
class StoreBreaker:
    """Keeps a worker from taking videos while a store is away, for days if need be.

    A fault of a store's says little: one object may be at fault, or one answer lost. So the stores are asked, and where
    one of them does not answer that neither, the breaker opens until all do. What met the outage is not counted
    against it.
    """

    def __init__(self, probes: Mapping[str, Probe], reports: AttemptReports) -> None:
        self._probes = probes
        self._reports = reports
        self._open = asyncio.Event()

    async def trips(self) -> bool:
        """Return whether a store is away just now; then the breaker is open."""
        away = await self._away()
        if away and not self._open.is_set():
            self._reports.stores_away(away)
            self._open.set()
        return bool(away)

    async def guard(self, pause: Callable[[], None], resume: Callable[[], None]) -> NoReturn:
        """Pause whenever the breaker opens, and resume once all stores answer, until it is cancelled."""
        while True:
            await self._open.wait()
            pause()
            tries = 0
            while await self._away():
                await asyncio.sleep(_BACKOFF.seconds(tries))
                tries += 1
            self._open.clear()
            self._reports.stores_back()
            resume()

    async def _away(self) -> Sequence[str]:
        answers = await asyncio.gather(*map(_answers, self._probes.values()))
        return [name for name, there in zip(self._probes, answers, strict=True) if not there]


async def _answers(probe: Probe) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await probe()
    except (StorageError, DatabaseUnavailable, OSError):  # A TimeoutError is one.
        return False
    return True
