"""The database's time, without asking it each time."""

import time
from datetime import datetime
from typing import Final, final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infra.sql.errors import out_of_reach, unavailable
from app.infra.sql.types import instant, milliseconds

_SAMPLES: Final = 3


@final
class DatabaseClock:
    """This machine's clock, corrected by how far it is from the database's.

    Every machine corrects towards the same clock, so all agree on when a lease ends, whatever their own clocks say. On
    SQLite there is one machine and nothing to correct.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._offset_ms = 0

    def now(self) -> datetime:
        """Return the time, in UTC, in whole milliseconds."""
        return instant(_local_ms() + self._offset_ms)

    async def synchronise(self) -> None:
        """Measure the offset again: to be called at the start and every minute.

        The answer is taken to be of the middle of its round trip, and the shortest of a few trips is believed, so the
        offset is wrong by at most half of that.

        :raises DatabaseUnavailable: and the last offset stays
        """
        if self._engine.dialect.name == "sqlite":
            return
        trips: list[tuple[float, int]] = []
        try:
            async with self._engine.connect() as connection:
                for _ in range(_SAMPLES):
                    before, started = _local_ms(), time.monotonic()
                    theirs = (await connection.execute(text("SELECT CAST(UTC_TIMESTAMP(3) AS CHAR)"))).scalar_one()
                    trip = time.monotonic() - started
                    at = datetime.fromisoformat(f"{theirs}+00:00")
                    trips.append((trip, milliseconds(at) - before - round(trip * 500)))
        except Exception as error:
            if out_of_reach(error):
                raise unavailable(error) from error
            raise
        self._offset_ms = min(trips)[1]


def _local_ms() -> int:
    return time.time_ns() // 1_000_000
