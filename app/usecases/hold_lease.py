"""Keep a claimed processing ours, and tell who watches how far it is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.video import VERSION_STEP, MediaInfo, Progress, VideoProcessing
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.transactions import Transaction, Transactions

_PUBLISH_SECONDS: Final = 0.5


@dataclass(slots=True)
class AttemptState:
    """What one attempt knows of itself so far; the work writes it, the heartbeat reads it."""

    media: MediaInfo | None = None
    progress: Callable[[], Progress] = Progress


@final
@dataclass(frozen=True, slots=True)
class HoldLease:
    """Send heartbeats until the lease is lost; returning means just that: stop the work, another may hold it now.

    A heartbeat extends the lease and stores the progress, fenced by the attempt. A heartbeat that fails is tried again
    at once, since only the row says whether the lease is still ours. Between heartbeats progress is published without
    being stored.
    """

    transactions: Transactions
    live: LiveStatus
    clock: Clock
    lease: timedelta
    heartbeat: timedelta

    async def __call__(self, held: VideoProcessing, attempt: AttemptState) -> None:
        version, published, stored_at = held.version, held.progress, self.clock.now()
        while True:
            await asyncio.sleep(_PUBLISH_SECONDS)
            progress = attempt.progress()
            now = self.clock.now()
            if now - stored_at >= self.heartbeat:
                try:
                    stored = await self._heartbeat(held, attempt, progress, now)
                except DatabaseUnavailable:
                    continue
                if stored is None:
                    return
                stored_at, version, published = now, stored.version, progress
                await self.live.publish(stored)
                continue
            if progress != published and (version + 1) % VERSION_STEP:
                version, published = version + 1, progress
                await self.live.publish(replace(held, version=version, progress=progress, media=attempt.media))

    async def _heartbeat(
        self, held: VideoProcessing, attempt: AttemptState, progress: Progress, now: datetime
    ) -> VideoProcessing | None:
        """Extend the lease; give the row as it is now, or None where it is no longer ours."""

        async def step(t: Transaction) -> VideoProcessing | None:
            until = now + self.lease
            if not await t.videos.heartbeat(held.id, held.attempt, until=until, progress=progress, media=attempt.media):
                return None
            return await t.videos.get(held.id)

        return await self.transactions.write(step)
