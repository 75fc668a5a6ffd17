"""How much may wait for the workers before no more is taken."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.errors import ServiceBusy
from app.usecases.ports.transactions import Transaction
from app.usecases.ports.videos import Backlog

_FRESH: Final = timedelta(seconds=2)
"""All that is unfinished is counted for this, so a process does that no more often."""
_FOR_NEWCOMERS: Final = 2
"""Who has nothing waiting yet is let in for longer: one user's thousand must not shut the door to another's first."""
_SOONEST_SECONDS: Final = 30
_LATEST_SECONDS: Final = 600


@final
@dataclass(slots=True)
class BacklogLimit:
    """Bounds what is Pending, by how long the first has waited and by bytes. What was accepted is never given up."""

    max_age: timedelta
    max_bytes: int | None = None
    _last: tuple[datetime, Backlog] | None = field(default=None, init=False)

    async def check(self, t: Transaction, now: datetime, *, has_some: bool) -> None:
        """Refuse one more where too much waits; ``has_some`` says that its owner has something unfinished.

        :raises ServiceBusy: with about when less will wait
        """
        backlog = await self._backlog(t, now)
        times = 1 if has_some else _FOR_NEWCOMERS
        waits = now - (backlog.oldest_pending or now)
        beyond = waits - self.max_age * times
        if beyond > timedelta():
            # What has waited for so much too long was sent within about as much time, and goes as fast as it came.
            wait = min(max(int(beyond.total_seconds()), _SOONEST_SECONDS), _LATEST_SECONDS)
            raise ServiceBusy(retry_after_seconds=wait)
        if self.max_bytes is not None and backlog.pending_bytes > self.max_bytes * times:
            raise ServiceBusy(retry_after_seconds=_SOONEST_SECONDS)

    async def _backlog(self, t: Transaction, now: datetime) -> Backlog:
        if self._last is None or not timedelta() <= now - self._last[0] < _FRESH:
            self._last = now, await t.videos.backlog(now)
        return self._last[1]
