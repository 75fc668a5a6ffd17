"""Remove what nobody will ever ask for again."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final
from uuid import uuid4

from app.domain.api_key import LISTED_AFTER_EXPIRY
from app.domain.upload_reservation import UploadReservation
from app.domain.video import RESULTS, VideoId
from app.usecases.frames_exports import forget_export
from app.usecases.imports import KEPT_AFTER_END
from app.usecases.ports.clock import Clock
from app.usecases.ports.storage import ObjectStorage, StoredObject
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.remove_objects import in_batches

_BATCH: Final = 500
PREFIXES: Final = ("sources/", RESULTS, "exports/")
_SOON: Final = timedelta(hours=1)
"""What is known to be an orphan still has so long; nobody alive needs it, and who looks for a fault may."""
_MOST_OBJECTS: Final = 1_000_000
"""A few minutes' work; once an hour, a bucket of twenty millions is walked in a day."""


@dataclass(slots=True)
class _Place:
    """How far the walk through the bucket is: behind this key of this prefix, by its number."""

    prefix: int
    after: str


def _anywhere() -> _Place:
    """Choose where a process begins, so that no part of the bucket depends on how long processes live."""
    prefix = random.randrange(len(PREFIXES))  # noqa: S311 - this is no secret
    return _Place(prefix, f"{PREFIXES[prefix]}{uuid4()}")


@final
@dataclass(frozen=True, slots=True)
class CollectGarbage:
    """Remove reservations, sessions and keys that ran out, unfinished multipart uploads of the dead, and orphans.

    Say how many objects went.

    ``token_lifetime`` is for how long an access token of a session that ended must be refused by name. For so many
    ``audit_days`` the audit log is kept, for ever where it is None.
    A run looks at no more than ``most_objects``, in the order of their keys, and the next one goes on behind them.

    An object is an orphan if no row and no reservation names its exact key and it is older than the longest upload may
    take: younger ones may belong to a commit that is under way, or to one whose outcome nobody knows yet. Two kinds are
    known sooner: a result that its final row does not name, and what belongs to a reservation that two runs saw run out
    an hour ago and more. Who uploads extends it every 15 s, and is refused in the end where it is gone.
    """

    transactions: Transactions
    storage: ObjectStorage
    clock: Clock
    longest_upload: timedelta
    longest_attempt: timedelta
    token_lifetime: timedelta
    audit_days: int | None = None
    most_objects: int = _MOST_OBJECTS
    _place: _Place = field(default_factory=_anywhere, init=False)
    _run_out: dict[VideoId, datetime] = field(default_factory=dict, init=False)
    """Reservations that the last run saw, and when they ran out. One extended since was its server's, and alive."""

    async def __call__(self) -> int:
        now = self.clock.now()
        for gone in await self._drop_reservations(now):
            await self.storage.abort_writes(gone.source_key, now)
        await self.transactions.write(lambda t: self._drop_records(t, now))
        for prefix in PREFIXES:
            await self.storage.abort_writes(prefix, now - self.longest_write(prefix))
        count = 0
        async for objects in in_batches(self._next_objects(), _BATCH):
            if orphans := await self.orphans_among(objects, now):
                await self.storage.delete(orphans)
            count += len(orphans)
        return count

    def longest_write(self, prefix: str) -> timedelta:
        """Return how old a multipart upload below this prefix may be, as long as anybody goes on with it."""
        # A ZIP grows for as long as its film is decoded, which has nothing to do with how long an upload may take.
        return max(self.longest_upload, self.longest_attempt) if prefix == RESULTS else self.longest_upload

    async def orphans_among(self, objects: Sequence[StoredObject], now: datetime) -> set[str]:
        """Return the keys of those that nobody names and that are old enough."""
        grace = min(_SOON, self.longest_upload)
        keys = {found.key for found in objects if found.modified_at < now - grace}
        old = {found.key for found in objects if found.modified_at < now - self.longest_upload}

        async def unnamed(t: Transaction) -> set[str]:
            # Each query sees what is committed when it begins. A key goes from a reservation to a video and never
            # back, so in this order no key is missed that goes there between the two.
            of_reservations = await t.reservations.known_keys(old)
            orphans = old - of_reservations - await t.videos.known_keys(old) | await t.videos.never_named(keys)
            return orphans - await t.exports.known_keys(orphans)

        return await self.transactions.read(unnamed) if keys else set()

    async def _next_objects(self) -> AsyncIterator[StoredObject]:
        """Walk on from the place where the last run ended, at most once around."""
        left, begin = self.most_objects, _Place(self._place.prefix, self._place.after)
        for turn in range(len(PREFIXES) + 1):
            prefix = (begin.prefix + turn) % len(PREFIXES)
            async for found in self.storage.list(PREFIXES[prefix], after=begin.after if turn == 0 else ""):
                if turn == len(PREFIXES) and found.key > begin.after:
                    return
                self._place.prefix, self._place.after = prefix, found.key
                yield found
                left -= 1
                if not left:
                    return

    async def _drop_reservations(self, now: datetime) -> Sequence[UploadReservation]:
        """Return those that went; what was stored for them is written down for removal."""
        grace = min(_SOON, self.longest_upload)
        run_out = await self.transactions.read(lambda t: t.reservations.expired(now - grace, _BATCH))
        dead = [
            one
            for one in run_out
            if self._run_out.get(one.id) == one.expires_at or one.expires_at <= now - self.longest_upload
        ]

        async def step(t: Transaction) -> Sequence[UploadReservation]:
            gone = [one for one in dead if await t.reservations.remove_as_seen(one)]
            await t.removals.add(*(one.source_key for one in gone), is_prefix=False, at=now)
            return gone

        gone = await self.transactions.write(step) if dead else []
        self._run_out.clear()
        self._run_out.update({one.id: one.expires_at for one in run_out})
        return gone

    async def _drop_records(self, t: Transaction, now: datetime) -> None:
        await t.sessions.forget(expired_before=now, ended_before=now - 2 * self.token_lifetime, limit=_BATCH)
        await t.api_keys.forget(expired_before=now - LISTED_AFTER_EXPIRY, limit=_BATCH)
        await t.password_resets.forget(expired_before=now, limit=_BATCH)
        await t.email_verifications.forget(expired_before=now, limit=_BATCH)
        await t.email_changes.forget(expired_before=now, limit=_BATCH)
        await t.imports.forget(ended_before=now - KEPT_AFTER_END, limit=_BATCH)
        for gone in await t.exports.expired(now, _BATCH):
            await forget_export(t, gone, now)
        await t.selections.forget(expired_before=now, limit=_BATCH)
        if self.audit_days is not None:
            await t.audit.forget(before=now - timedelta(days=self.audit_days), limit=_BATCH)
