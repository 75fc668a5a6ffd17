"""One read for all who want the same at the same time."""

import asyncio

import pytest

from app.usecases.shared_reads import SharedReads


class Table:
    """Counts how often each key was read, and answers when it is told to."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.answers = asyncio.Event()
        self.broken: Exception | None = None

    async def read(self, key: str) -> str:
        self.reads.append(key)
        number = len(self.reads)
        await self.answers.wait()
        if self.broken is not None:
            raise self.broken
        return f"{key}{number}"


async def test_all_who_ask_before_it_begins_share_one_read():
    table = Table()
    read = SharedReads(table.read)
    table.answers.set()
    found = await asyncio.gather(read("a"), read("a"), read("b"), read("a"))
    assert list(found) == ["a1", "a1", "b2", "a1"]


async def test_who_asks_while_a_read_is_under_way_gets_a_newer_one():
    table = Table()
    read = SharedReads(table.read)
    first = asyncio.create_task(read("a"))
    while not table.reads:
        await asyncio.sleep(0)
    second = asyncio.create_task(read("a"))
    table.answers.set()
    assert [await first, await second] == ["a1", "a2"]


async def test_who_goes_away_takes_nothing_from_the_others():
    table = Table()
    read = SharedReads(table.read)
    leaver, stayer = asyncio.create_task(read("a")), asyncio.create_task(read("a"))
    while not table.reads:
        await asyncio.sleep(0)
    leaver.cancel()
    table.answers.set()
    assert await stayer == "a1"
    assert table.reads == ["a"]


async def test_a_fault_reaches_all_who_asked():
    table = Table()
    read, table.broken = SharedReads(table.read), ConnectionError("away")
    table.answers.set()
    found = await asyncio.gather(read("a"), read("a"), return_exceptions=True)
    assert [type(one) for one in found] == [ConnectionError, ConnectionError]
    with pytest.raises(ConnectionError):
        await read("a")
