"""Remove what nobody will ever ask for again."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final
from uuid import uuid4

from app.domain.video import RESULTS
from app.usecases.ports.clock import Clock
from app.usecases.ports.storage import ObjectStorage, StoredObject
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.remove_objects import in_batches

_BATCH: Final = 500
_PREFIXES: Final = ("sources/", RESULTS, "exports/")
_MOST_OBJECTS: Final = 1_000_000
"""A few minutes' work; once an hour, a bucket of twenty millions is walked in a day."""


@dataclass(slots=True)
class _Place:
    """How far the walk through the bucket is: behind this key of this prefix, by its number."""

    prefix: int
    after: str


def _anywhere() -> _Place:
    """Choose where a process begins, so that no part of the bucket depends on how long processes live."""
    prefix = random.randrange(len(_PREFIXES))  # noqa: S311 - this is no secret
    return _Place(prefix, f"{_PREFIXES[prefix]}{uuid4()}")


@final
@dataclass(frozen=True, slots=True)
class CollectGarbage:
    """Remove reservations and sessions that ran out, unfinished multipart uploads of the dead, and orphans.

    Say how many objects went.

    ``token_lifetime`` is for how long an access token of a session that ended must be refused by name.
    A run looks at no more than ``most_objects``, in the order of their keys, and the next one goes on behind them.

    An object is an orphan if no row and no reservation names its exact key and it is older than the longest upload may
    take: younger ones may belong to a commit that is under way, or to one whose outcome nobody knows yet.
    """

    transactions: Transactions
    storage: ObjectStorage
    clock: Clock
    longest_upload: timedelta
    longest_attempt: timedelta
    token_lifetime: timedelta
    most_objects: int = _MOST_OBJECTS
    _place: _Place = field(default_factory=_anywhere, init=False)

    async def __call__(self) -> int:
        now = self.clock.now()
        await self.transactions.write(lambda t: self._drop_reservations(t, now))
        await self.transactions.write(lambda t: self._drop_sessions(t, now))
        for prefix in _PREFIXES:
            # A ZIP grows for as long as its film is decoded, which has nothing to do with how long an upload may take.
            longest = max(self.longest_upload, self.longest_attempt) if prefix == RESULTS else self.longest_upload
            await self.storage.abort_writes(prefix, now - longest)
        old = (found.key async for found in self._next_objects() if found.modified_at < now - self.longest_upload)
        orphans = 0
        async for keys in in_batches(old, _BATCH):
            orphans += await self._delete_orphans(keys)
        return orphans

    async def _next_objects(self) -> AsyncIterator[StoredObject]:
        """Walk on from the place where the last run ended, at most once around."""
        left, begin = self.most_objects, _Place(self._place.prefix, self._place.after)
        for turn in range(len(_PREFIXES) + 1):
            prefix = (begin.prefix + turn) % len(_PREFIXES)
            async for found in self.storage.list(_PREFIXES[prefix], after=begin.after if turn == 0 else ""):
                if turn == len(_PREFIXES) and found.key > begin.after:
                    return
                self._place.prefix, self._place.after = prefix, found.key
                yield found
                left -= 1
                if not left:
                    return

    async def _drop_reservations(self, t: Transaction, now: datetime) -> None:
        for reservation in await t.reservations.expired(now - self.longest_upload, _BATCH):
            await t.reservations.remove(reservation.id)

    async def _drop_sessions(self, t: Transaction, now: datetime) -> None:
        await t.sessions.forget(expired_before=now, ended_before=now - 2 * self.token_lifetime, limit=_BATCH)
        await t.password_resets.forget(expired_before=now, limit=_BATCH)
        await t.email_verifications.forget(expired_before=now, limit=_BATCH)

    async def _delete_orphans(self, keys: list[str]) -> int:
        async def named(t: Transaction) -> set[str]:
            # Each query sees what is committed when it begins. A key goes from a reservation to a video and never
            # back, so in this order no key is missed that goes there between the two.
            of_reservations = await t.reservations.known_keys(keys)
            return of_reservations | await t.videos.known_keys(keys)

        orphans = set(keys) - await self.transactions.read(named)
        if orphans:
            await self.storage.delete(orphans)
        return len(orphans)
