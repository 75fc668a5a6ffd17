import socket
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.infra.sql.clock import DatabaseClock
from app.infra.sql.engine import engine_for
from app.usecases.ports.database import DatabaseUnavailable
from tests.parts.database import DatabasePart

SOON = timedelta(seconds=0.5)


async def test_the_time_is_utc_in_whole_milliseconds(engine: AsyncEngine):
    clock = DatabaseClock(engine)
    await clock.synchronise()
    now = clock.now()
    assert abs(now - datetime.now(UTC)) < SOON
    assert now.utcoffset() == timedelta(0)
    assert now.microsecond % 1000 == 0


async def test_a_server_whose_clock_is_ahead_is_believed(server: DatabasePart):
    ahead = 3600
    # A pooled session with its own idea of the time stands for a server whose clock is an hour ahead.
    engine = engine_for(f"{server.url}")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"SET SESSION timestamp = {time.time() + ahead}"))
        clock = DatabaseClock(engine)
        assert abs(clock.now() - datetime.now(UTC)) < SOON
        await clock.synchronise()
        assert abs(clock.now() - datetime.now(UTC) - timedelta(seconds=ahead)) < SOON
    finally:
        await engine.dispose()


async def test_the_last_offset_stays_while_the_server_is_away():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        engine = engine_for(f"mysql+asyncmy://a:b@127.0.0.1:{free.getsockname()[1]}/c")
    clock = DatabaseClock(engine)
    with pytest.raises(DatabaseUnavailable):
        await clock.synchronise()
    assert abs(clock.now() - datetime.now(UTC)) < SOON
    await engine.dispose()
