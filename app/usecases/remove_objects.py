"""Delete the objects that were given up."""

import asyncio
from typing import Final, final

from app.domain.backoff import Backoff
from app.domain.errors import StorageError
from app.usecases.ports.clock import Clock
from app.usecases.ports.removals import Removal
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transactions

_BATCH: Final = 100
_DELETE_BATCH: Final = 1000
_BACKOFF: Final = Backoff(first=15, longest=3600)


@final
class RemoveObjects:
    """Carry out the removals that are due; say how many. Deleting what is gone already is no error.

    A storage that hangs takes a minute to fail, and mails use the same slots. So one run ends at its first fault, and
    no process has two at work. What failed waits; what stands behind it is the next run's first.
    """

    def __init__(self, transactions: Transactions, storage: ObjectStorage, clock: Clock) -> None:
        self._transactions = transactions
        self._storage = storage
        self._clock = clock
        self._at_work = asyncio.Lock()
        """Whoever holds it takes what is new too, and needs no company."""

    async def __call__(self) -> int:
        if self._at_work.locked():
            return 0
        done = 0
        async with self._at_work:
            while due := await self._transactions.read(lambda t: t.removals.due(self._clock.now(), _BATCH)):
                for removal in due:
                    if not await self._remove(removal):
                        return done
                    done += 1
        return done

    async def _remove(self, removal: Removal) -> bool:
        try:
            if removal.is_prefix:
                await self._remove_prefix(removal.key)
            else:
                await self._storage.delete([removal.key])
        except StorageError:
            later = self._clock.now() + _BACKOFF.delay(removal.attempts)
            await self._transactions.write(lambda t: t.removals.postpone(removal.id, later))
            return False
        await self._transactions.write(lambda t: t.removals.done(removal.id))
        return True

    async def _remove_prefix(self, prefix: str) -> None:
        keys: list[str] = []
        async for found in self._storage.list(prefix):
            keys.append(found.key)
            if len(keys) == _DELETE_BATCH:
                await self._storage.delete(keys)
                keys = []
        if keys:
            await self._storage.delete(keys)
