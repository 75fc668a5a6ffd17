import asyncio
from collections.abc import Collection

from app.domain.errors import StorageError
from app.usecases.remove_objects import RemoveObjects
from tests.fakes.storage import MemoryStorage
from tests.usecases.world import World


class Hanging(MemoryStorage):
    """Answers nobody until it fails all who wait, as a storage does whose timeouts have passed."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self.asked = asyncio.Event()
        self.fails = asyncio.Event()
        self.requests = 0

    async def delete(self, keys: Collection[str]) -> None:
        self.requests += 1
        self.asked.set()
        await self.fails.wait()
        raise StorageError


async def due(world: World, *keys: str) -> None:
    await world.transactions.write(lambda t: t.removals.add(*keys, is_prefix=False, at=world.clock.now()))


async def test_a_storage_that_hangs_keeps_one_job(world: World):
    storage = Hanging(world)
    remove = RemoveObjects(world.transactions, storage, world.clock)
    await due(world, "a", "b")
    hanging = asyncio.create_task(remove())
    await storage.asked.wait()
    async with asyncio.timeout(5):
        assert [await remove() for _ in range(3)] == [0, 0, 0]
    storage.fails.set()
    assert await hanging == 0
    storage.requests = 0
    await remove()  # Whoever comes later is let in again.
    assert storage.requests == 1


async def test_a_run_ends_at_its_first_fault_and_the_next_begins_behind_it(world: World):
    storage = Hanging(world)
    storage.fails.set()
    remove = RemoveObjects(world.transactions, storage, world.clock)
    await due(world, *(f"key {number}" for number in range(100)))
    assert await remove() == 0
    assert storage.requests == 1
    assert await RemoveObjects(world.transactions, world.storage, world.clock)() == 99
    world.clock.advance(15)
    assert await RemoveObjects(world.transactions, world.storage, world.clock)() == 1


async def test_one_run_carries_out_all_that_is_due_and_what_is_written_down_meanwhile(world: World):
    class Busy(MemoryStorage):
        async def delete(self, keys: Collection[str]) -> None:
            if keys == ["key 0"]:
                await due(world, "new")
            await super().delete(keys)

    await due(world, *(f"key {number}" for number in range(250)))
    assert await RemoveObjects(world.transactions, Busy(world.clock), world.clock)() == 251
