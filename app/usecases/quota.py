"""What one user, and all together, may have here, so that one user's thousand does not starve another's one."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.errors import QuotaExceeded, ServiceBusy
from app.domain.user import User, UserId
from app.domain.video import UNFINISHED
from app.usecases.ports.clock import Clock
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.ports.videos import Backlog

_FRESH: Final = timedelta(seconds=60)
"""All rows are added up for the bytes of the whole service, so a process does that once a minute."""
_LATER_SECONDS: Final = 3600
"""Nobody knows when there will be room; until somebody deletes something, not at all."""
_BACKLOG_FRESH: Final = timedelta(seconds=2)
"""All that is unfinished is counted for this, so a process does that no more often."""
_FOR_NEWCOMERS: Final = 2
"""Who has nothing waiting yet is let in for longer: one user's thousand must not shut the door to another's first."""
_SOONEST_SECONDS: Final = 30
_LATEST_SECONDS: Final = 600


@final
@dataclass(slots=True)
class StoredInAll:
    """The limit of bytes that the whole service keeps, uploads under way included; None is no limit."""

    transactions: Transactions
    clock: Clock
    max_bytes: int | None
    _last: tuple[datetime, int] | None = field(default=None, init=False)
    _measuring: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def check(self, coming_bytes: int) -> None:
        """Raise ``QuotaExceeded`` where so many more would be too many, as far as is known."""
        if self.max_bytes is not None:
            async with self._measuring:
                _, known = await self._known()
                _keep_within(self.max_bytes, known + coming_bytes)

    async def take(self, coming_bytes: int) -> None:
        """Let an upload have its room, which others then lack; raises ``QuotaExceeded`` where there is none.

        The upload's reservation is written down already; it gives back what it does not need in the end.
        """
        if self.max_bytes is not None:
            async with self._measuring:
                at, known = await self._known(counted=coming_bytes)
                _keep_within(self.max_bytes, known + coming_bytes)
                self._last = at, known + coming_bytes

    def give_back(self, size_bytes: int) -> None:
        """Let others have what an upload took and did not need."""
        if self._last is not None:
            at, known = self._last
            self._last = at, known - size_bytes

    async def _known(self, counted: int = 0) -> tuple[datetime, int]:
        """Return what all keep, with what took its room since that was added up, and when that was.

        Of the sum ``counted`` is left out.
        """
        now = self.clock.now()
        if self._last is None or self._last[0] <= now - _FRESH:
            self._last = now, await self.transactions.read(lambda t: stored_bytes(t, None, now)) - counted
        return self._last


def _keep_within(most: int, size: int) -> None:
    if size > most:
        raise QuotaExceeded(
            "This service is full right now and takes no more files; try again later.",
            retry_after_seconds=_LATER_SECONDS,
        )


@final
@dataclass(slots=True)
class BacklogLimit:
    """Bounds what is Pending, by how long the first has waited and by bytes. What was accepted is never given up."""

    max_age: timedelta
    max_bytes: int | None = None
    _last: tuple[datetime, Backlog] | None = field(default=None, init=False)

    async def check(self, t: Transaction, now: datetime, *, has_some: bool) -> None:
        """Refuse one more where too much waits; ``has_some`` says that its owner has something unfinished.

        :raises ServiceBusy: with about when less will wait
        """
        backlog = await self._backlog(t, now)
        times = 1 if has_some else _FOR_NEWCOMERS
        waits = now - (backlog.oldest_pending or now)
        beyond = waits - self.max_age * times
        if beyond > timedelta():
            # What has waited for so much too long was sent within about as much time, and goes as fast as it came.
            wait = min(max(int(beyond.total_seconds()), _SOONEST_SECONDS), _LATEST_SECONDS)
            raise ServiceBusy(retry_after_seconds=wait)
        if self.max_bytes is not None and backlog.pending_bytes > self.max_bytes * times:
            raise ServiceBusy(retry_after_seconds=_SOONEST_SECONDS)

    async def _backlog(self, t: Transaction, now: datetime) -> Backlog:
        if self._last is None or not timedelta() <= now - self._last[0] < _BACKLOG_FRESH:
            self._last = now, await t.videos.backlog(now)
        return self._last[1]


@final
@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of unfinished videos and of stored bytes, uploads under way included. The caller holds the user's row.

    Bytes are those of the files that were sent, each once however often it is processed, and of the ZIPs. What an
    operator allowed one user counts in place of both.
    """

    max_active: int
    max_bytes: int | None
    backlog: BacklogLimit
    """What all of them together may have waiting."""

    async def check(self, t: Transaction, owner: UserId, now: datetime, coming_bytes: int = 0) -> None:
        """Check whether one more video, of so many bytes, would be too many.

        :raises QuotaExceeded: for this user
        :raises ServiceBusy: for the workers
        """
        user = await t.users.by_id(owner)
        max_active = self.max_active if user is None or user.max_active_videos is None else user.max_active_videos
        max_bytes = own_max_bytes(user, self.max_bytes)
        unfinished = await t.videos.count(owner, UNFINISHED) + await t.reservations.count(owner, now)
        if unfinished >= max_active:
            raise QuotaExceeded(
                f"You have {max_active} videos that are not finished; wait until some of them are.",
                retry_after_seconds=30,
            )
        if max_bytes is not None and await stored_bytes(t, owner, now) + coming_bytes > max_bytes:
            raise QuotaExceeded(
                f"Your files and ZIPs would take more than the {max_bytes / 1024**3:.4g} GiB that you may keep "
                "here; delete some videos first.",
                retry_after_seconds=_LATER_SECONDS,
            )
        await self.backlog.check(t, now, has_some=unfinished > 0)


@final
@dataclass(frozen=True, slots=True)
class StoredBytes:
    """What a user keeps here, uploads under way included."""

    transactions: Transactions
    clock: Clock
    max_bytes: int | None

    async def of(self, owner: UserId) -> int:
        """Return how many bytes that are."""
        now = self.clock.now()
        return await self.transactions.read(lambda t: stored_bytes(t, owner, now))

    def most(self, user: User) -> int | None:
        """Return how many there may be; None is no limit."""
        return own_max_bytes(user, self.max_bytes)

    async def room_left(self, owner: UserId) -> int | None:
        """Return how many more there may be, 0 where there are too many already, and None where there is no limit.

        A ZIP that is being made has to fit: the files that users send are small beside what becomes of them, so to look
        at uploads alone would be no limit. What is being made beside it is not known, so several workers may overshoot
        by one ZIP each.
        """
        return await self.transactions.read(lambda t: self.room(t, owner))

    async def room(self, t: Transaction, owner: UserId) -> int | None:
        """Return the same within a transaction."""
        most = own_max_bytes(await t.users.by_id(owner), self.max_bytes)
        return None if most is None else max(0, most - await stored_bytes(t, owner, self.clock.now()))


async def stored_bytes(t: Transaction, owner: UserId | None, now: datetime) -> int:
    """Return the bytes of one owner's files, ZIPs and exports, or of all owners', with those of uploads under way."""
    kept = await t.videos.stored_bytes(owner) + await t.exports.stored_bytes(owner)
    return kept + await t.reservations.declared_bytes(owner, now)


def own_max_bytes(user: User | None, max_bytes: int | None) -> int | None:
    """Return how much a user may keep where the settings say so much; None is no limit."""
    return max_bytes if user is None or user.max_stored_bytes is None else user.max_stored_bytes
