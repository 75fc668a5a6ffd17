"""The database's time, without asking it each time."""

import socket
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, final

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.infra.sql.engine import WRITES
from app.infra.sql.errors import lost_to_another, out_of_reach, unavailable
from app.infra.sql.tables import clocks
from app.infra.sql.types import instant, milliseconds

_SAMPLES: Final = 3
_TOLERANCE_MS: Final = 250
"""A step forward that is smaller is none: NTP makes such ones all the time, and each would be a write."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_UPTIME: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, nobody sets it, and all processes of the machine share it."""


def wall_ms() -> int:
    """Return the machine's idea of the time; somebody, or NTP, may set it."""
    return time.time_ns() // 1_000_000


def uptime_ms() -> int:
    """Return how long the machine has been up."""
    return time.clock_gettime_ns(_UPTIME) // 1_000_000


def boot_id() -> str:
    """Name this start of this machine; elsewhere than on Linux, the machine."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return socket.gethostname()[:64]


@final
class DatabaseClock:
    """How long this machine has been up, added to when that began by the database's time.

    So no step of this machine's clock moves a lease. A server has a clock that all machines correct towards, and all
    agree on when a lease ends. SQLite has none: its processes, all of one machine, keep in it when the machine's start
    was. A step back of the machine's clock changes nothing of that; a step forward moves it, for all of them within a
    minute. See ADR 25.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        wall: Callable[[], int] = wall_ms,
        uptime: Callable[[], int] = uptime_ms,
        boot: Callable[[], str] = boot_id,
    ) -> None:
        self._engine = engine
        self._wall = wall
        self._uptime = uptime
        self._boot = boot
        self._began_ms = wall() - uptime()

    def now(self) -> datetime:
        """Return the time, in UTC, in whole milliseconds."""
        return instant(self._began_ms + self._uptime())

    async def synchronise(self) -> None:
        """Measure again when the machine's start was: to be called at the start and every minute.

        A server's answer is taken to be of the middle of its round trip, and the shortest of a few trips is believed,
        so the time is wrong by at most half of that.

        :raises DatabaseUnavailable: and what was known last stays
        """
        try:
            async with self._engine.connect() as connection:
                if self._engine.dialect.name == "sqlite":
                    self._began_ms = await self._kept(connection)
                else:
                    self._began_ms = await self._measured(connection)
        except Exception as error:
            if lost_to_another(error) or out_of_reach(error):
                raise unavailable(error) from error
            raise

    async def forget(self) -> None:
        """Let SQLite forget the time that it kept: the machine's own counts again, though it be earlier.

        For who knows that nothing else runs: a clock that was far ahead for a while would otherwise be followed until
        the machine's next start.

        :raises DatabaseUnavailable: and it is kept
        """
        if self._engine.dialect.name == "sqlite":
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(delete(clocks))
            except Exception as error:
                if lost_to_another(error) or out_of_reach(error):
                    raise unavailable(error) from error
                raise

    async def _measured(self, connection: AsyncConnection) -> int:
        trips: list[tuple[float, int]] = []
        for _ in range(_SAMPLES):
            before, started = self._uptime(), time.monotonic()
            theirs = (await connection.execute(text("SELECT CAST(UTC_TIMESTAMP(3) AS CHAR)"))).scalar_one()
            trip = time.monotonic() - started
            at = datetime.fromisoformat(f"{theirs}+00:00")
            trips.append((trip, milliseconds(at) - before - round(trip * 500)))
        return min(trips)[1]

    async def _kept(self, connection: AsyncConnection) -> int:
        boot, ours = self._boot(), self._wall() - self._uptime()
        found = await connection.scalar(select(clocks.c.began_ms).where(clocks.c.boot_id == boot))
        await connection.rollback()
        if found is not None and ours <= found + _TOLERANCE_MS:
            return int(found)
        await connection.execution_options(**{WRITES: True})
        async with connection.begin():
            await connection.execute(delete(clocks).where(clocks.c.boot_id != boot))
            mine = insert(clocks).values(boot_id=boot, began_ms=ours)
            latest = {"began_ms": func.max(clocks.c.began_ms, mine.excluded.began_ms)}
            kept = mine.on_conflict_do_update(index_elements=["boot_id"], set_=latest).returning(clocks.c.began_ms)
            return int((await connection.execute(kept)).scalar_one())
