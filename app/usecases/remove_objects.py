"""Delete the objects that were given up."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, final

from app.domain.errors import StorageError
from app.usecases.ports import Clock, ObjectStorage, Removal, Transactions

_BATCH: Final = 100
_DELETE_BATCH: Final = 1000
_FIRST_DELAY: Final = timedelta(seconds=15)
_LONGEST_DELAY: Final = timedelta(hours=1)


@final
@dataclass(frozen=True, slots=True)
class RemoveObjects:
    """Carry out the removals that are due; say how many. Deleting what is gone already is no error."""

    transactions: Transactions
    storage: ObjectStorage
    clock: Clock

    async def __call__(self) -> int:
        now = self.clock.now()
        done = 0
        for removal in await self.transactions.read(lambda t: t.removals.due(now, _BATCH)):
            done += await self._remove(removal)
        return done

    async def _remove(self, removal: Removal) -> bool:
        try:
            if removal.is_prefix:
                await self._remove_prefix(removal.key)
            else:
                await self.storage.delete([removal.key])
        except StorageError:
            later = self.clock.now() + min(_FIRST_DELAY * 2 ** min(removal.attempts, 10), _LONGEST_DELAY)
            await self.transactions.write(lambda t: t.removals.postpone(removal.id, later))
            return False
        await self.transactions.write(lambda t: t.removals.done(removal.id))
        return True

    async def _remove_prefix(self, prefix: str) -> None:
        keys: list[str] = []
        async for found in self.storage.list(prefix):
            keys.append(found.key)
            if len(keys) == _DELETE_BATCH:
                await self.storage.delete(keys)
                keys = []
        if keys:
            await self.storage.delete(keys)
