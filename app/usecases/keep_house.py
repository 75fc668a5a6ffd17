"""Remove what nobody will ever ask for again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.usecases.ports import Clock, ObjectStorage, Transaction, Transactions

_BATCH: Final = 500
_PREFIXES: Final = ("sources/", "results/", "exports/")


@final
@dataclass(frozen=True, slots=True)
class KeepHouse:
    """Remove intakes and sessions that ran out, unfinished multipart uploads of the dead, and litter.

    Say how many objects went.

    An object is litter if no row and no intake names its exact key and it is older than the longest upload may take:
    younger ones may belong to a commit that is under way, or to one whose outcome nobody knows yet.
    """

    transactions: Transactions
    storage: ObjectStorage
    clock: Clock
    longest_upload: timedelta
    token_lifetime: timedelta
    """For so long an access token of a session that ended must be refused by name."""

    async def __call__(self) -> int:
        now = self.clock.now()
        await self.transactions.write(lambda t: self._drop_intakes(t, now))
        await self.transactions.write(lambda t: self._drop_sessions(t, now))
        litter = 0
        for prefix in _PREFIXES:
            await self.storage.abort_writes(prefix, now - self.longest_upload)
            keys: list[str] = []
            async for found in self.storage.list(prefix):
                if found.modified_at < now - self.longest_upload:
                    keys.append(found.key)
                if len(keys) == _BATCH:
                    litter += await self._drop_litter(keys)
                    keys = []
            if keys:
                litter += await self._drop_litter(keys)
        return litter

    async def _drop_intakes(self, t: Transaction, now: datetime) -> None:
        for intake in await t.intakes.expired(now - self.longest_upload, _BATCH):
            await t.intakes.remove(intake.id)

    async def _drop_sessions(self, t: Transaction, now: datetime) -> None:
        await t.sessions.forget(lapsed_before=now, ended_before=now - 2 * self.token_lifetime, limit=_BATCH)
        await t.password_resets.forget(lapsed_before=now, limit=_BATCH)
        await t.email_verifications.forget(lapsed_before=now, limit=_BATCH)

    async def _drop_litter(self, keys: list[str]) -> int:
        async def named(t: Transaction) -> set[str]:
            # Each query sees what is committed when it begins. A key goes from an intake to a video and never back, so
            # in this order no key is missed that goes there between the two.
            of_intakes = await t.intakes.known_keys(keys)
            return of_intakes | await t.videos.known_keys(keys)

        litter = set(keys) - await self.transactions.read(named)
        if litter:
            await self.storage.delete(litter)
        return len(litter)
