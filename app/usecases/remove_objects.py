"""Delete the objects that were given up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, TypeVar, final

from app.domain.backoff import Backoff
from app.domain.errors import StorageError
from app.usecases.ports.clock import Clock
from app.usecases.ports.removals import Removal
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transactions

T = TypeVar("T")

_BATCH: Final = 100
_DELETE_BATCH: Final = 1000
_BACKOFF: Final = Backoff(first=15, longest=3600)


@final
@dataclass(frozen=True, slots=True)
class RemoveObjects:
    """Carry out the removals that are due; say how many. Deleting what is gone already is no error.

    A storage that hangs takes a minute to fail, and mails use the same slots. So one run ends at its first fault, and
    no process has two at work. What failed waits; what stands behind it is the next run's first.
    """

    transactions: Transactions
    storage: ObjectStorage
    clock: Clock
    _at_work: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    """Whoever holds it takes what is new too, and needs no company."""

    async def __call__(self) -> int:
        if self._at_work.locked():
            return 0
        done = 0
        async with self._at_work:
            while due := await self.transactions.read(lambda t: t.removals.due(self.clock.now(), _BATCH)):
                for removal in due:
                    if not await self._remove(removal):
                        return done
                    done += 1
        return done

    async def _remove(self, removal: Removal) -> bool:
        try:
            if removal.is_prefix:
                keys = (found.key async for found in self.storage.list(removal.key))
                async for batch in in_batches(keys, _DELETE_BATCH):
                    await self.storage.delete(batch)
            else:
                await self.storage.delete([removal.key])
        except StorageError:
            later = self.clock.now() + _BACKOFF.delay(removal.attempts)
            await self.transactions.write(lambda t: t.removals.postpone(removal.id, later))
            return False
        await self.transactions.write(lambda t: t.removals.done(removal.id))
        return True


async def in_batches(entries: AsyncIterator[T], size: int) -> AsyncIterator[list[T]]:
    """Yield so many entries at a time, and what is left."""
    batch: list[T] = []
    async for entry in entries:
        batch.append(entry)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
