"""An import that this worker holds."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final, final

from app.domain.failure import ImportFailure, ImportFailureCode
from app.domain.video import VERSION_STEP
from app.domain.video_import import LinkFault, VideoImport
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveImports
from app.usecases.ports.transactions import Transaction, Transactions

_PUBLISH_SECONDS: Final = 0.5


class ImportLost(Exception):
    """The row is gone, has ended or is another worker's: stop the work, and record nothing."""


@final
@dataclass(slots=True)
class HeldImport:
    """One attempt's row as it is now; whoever changes it does so by ``change``, fenced by the attempt.

    ``fetched_bytes`` is how far the work is and ``parts_sent`` what it got on with. What is stored and told of that,
    ``shown_bytes``, does not fall where some of it has to come again.
    """

    row: VideoImport
    transactions: Transactions
    live: LiveImports
    clock: Clock
    fetched_bytes: int = 0
    parts_sent: int = 0
    came_before: int = 0
    """What was told of former attempts whose content is gone on with."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @property
    def shown_bytes(self) -> int:
        """How much came."""
        return max(self.fetched_bytes, self.came_before)

    async def change(self, also: Callable[[Transaction], Awaitable[None]] | None = None, **to: Any) -> None:
        """Store these, with what is to be done in the same transaction.

        :raises ImportLost: where the row is no longer ours
        """
        async with self._turn:

            async def step(t: Transaction) -> VideoImport:
                if also is not None:
                    await also(t)
                if not await t.imports.change(self.row, replace(self.row, **to)):
                    raise ImportLost
                changed = await t.imports.get(self.row.id)
                if changed is None:
                    raise ImportLost
                return changed

            self.row = await self.transactions.write(step)
        await self.live.publish(self.row)

    async def hold(self, lease: timedelta, heartbeat: timedelta) -> None:
        """Keep the lease, and tell who watches how far it is, for ever.

        :raises ImportLost: where it is no longer ours
        :raises LinkFault: where its time is over, or its owner's account was disabled
        """
        told, stored_at = self.shown_bytes, self.clock.now()
        while True:
            await asyncio.sleep(_PUBLISH_SECONDS)
            now = self.clock.now()
            if now >= self.row.ends_at:
                raise LinkFault(ImportFailure.of(ImportFailureCode.TIMED_OUT))
            if now - stored_at >= heartbeat:
                try:
                    await self.change(self.still_allowed, wake_at=now + lease, fetched_bytes=self.shown_bytes)
                except DatabaseUnavailable:
                    continue
                told, stored_at = self.shown_bytes, now
            elif told != self.shown_bytes and (self.row.version + 1) % VERSION_STEP:
                told = self.shown_bytes
                self.row = replace(self.row, version=self.row.version + 1, fetched_bytes=told)
                await self.live.publish(self.row)

    async def still_allowed(self, t: Transaction) -> None:
        """Raise as ``hold`` does, where its owner may import no more."""
        owner = await t.users.by_id(self.row.owner)
        if owner is None:
            raise ImportLost
        if owner.disabled_at is not None:
            raise LinkFault(ImportFailure.of(ImportFailureCode.ACCOUNT_DISABLED))
