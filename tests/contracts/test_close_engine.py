"""An engine's end while somebody still reads."""

import asyncio
import gc

from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.user import User
from app.infra.sql.engine import close_engine, engine_for
from app.infra.sql.transactions import SqlTransactions
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import Story


async def test_a_read_that_nobody_waits_for_ends_before_the_engine_and_leaves_no_connection_behind(story: Story):
    """A connection that its pool forgot would say so when it is collected, and pytest takes that for an error."""
    owner = await story.user()
    engine = engine_for(story.engine.url.render_as_string(hide_password=False))
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def slow(t: Transaction) -> User | None:
        reading.set()
        await go_on.wait()
        return await t.users.by_id(owner)

    read = asyncio.create_task(SqlTransactions(engine).read(slow))
    await reading.wait()
    closing = asyncio.create_task(close_engine(engine))
    await asyncio.sleep(0)
    assert not closing.done()
    go_on.set()
    await closing
    assert read.done()
    found = read.result()
    assert found is not None
    assert found.id == owner
    gc.collect()


async def test_a_read_that_does_not_end_cannot_hold_up_the_end(engine: AsyncEngine):
    other = engine_for(engine.url.render_as_string(hide_password=False))
    async with other.connect() as connection:
        async with asyncio.timeout(2):
            await close_engine(other, seconds=0.05)
        await connection.invalidate()
