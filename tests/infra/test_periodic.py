"""What a process does beside all else, and its end."""

import asyncio
from contextlib import AsyncExitStack

from app.infra.periodic import until_closed


async def test_what_is_under_way_has_ended_before_what_was_opened_earlier_is_closed() -> None:
    order: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)  # As long as a database takes to undo what was begun.
            order.append("work")

    async with AsyncExitStack() as exits:
        exits.callback(order.append, "connections")
        until_closed(exits, work())
        await asyncio.sleep(0)
    assert order == ["work", "connections"]
