"""Keep a claimed processing ours, and tell who watches how far it is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final, final

from app.domain.storyboard import Storyboard
from app.domain.video import VERSION_STEP, MediaInfo, Progress, VideoProcessing
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus, LiveTile
from app.usecases.ports.transactions import Transaction, Transactions

_PUBLISH_SECONDS: Final = 0.5
_TILE_TURNS: Final = 2
"""A small picture goes out every so many times that progress may."""
_TILE_BYTES: Final = 6 * 1024
"""As text it is a third more: 8 KiB."""


@dataclass(slots=True)
class AttemptState:
    """What one attempt knows of itself so far; the work writes it, the heartbeat reads it."""

    media: MediaInfo | None = None
    progress: Callable[[], Progress] = Progress
    storyboard: Storyboard | None = None
    latest_tile: Callable[[], bytes | None] = lambda: None

    def tell_of_storyboard(self, kept: Storyboard | None) -> None:
        """Hear what is stored of the storyboard by now."""
        self.storyboard = kept


@final
@dataclass(frozen=True, slots=True)
class HoldLease:
    """Send heartbeats until the lease is lost; returning means just that: stop the work, another may hold it now.

    A heartbeat extends the lease and stores the progress, fenced by the attempt. A heartbeat that fails is tried again
    at once, since only the row says whether the lease is still ours. Between heartbeats progress is published without
    being stored, and the newest small picture once a second, where somebody looks.
    """

    transactions: Transactions
    live: LiveStatus
    clock: Clock
    lease: timedelta
    heartbeat: timedelta

    async def __call__(self, held: VideoProcessing, attempt: AttemptState) -> None:
        version, published, stored_at = held.version, held.progress, self.clock.now()
        tile: bytes | None = None
        for turn in count():
            await asyncio.sleep(_PUBLISH_SECONDS)
            if turn % _TILE_TURNS == 0:
                tile = await self._show(held, attempt.latest_tile(), tile)
            progress, storyboard = attempt.progress(), attempt.storyboard
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
                shown = replace(held, version=version, progress=progress, media=attempt.media, storyboard=storyboard)
                await self.live.publish(shown)

    async def _show(self, held: VideoProcessing, newest: bytes | None, shown: bytes | None) -> bytes | None:
        """Publish the newest small picture; return the one that was published last."""
        if newest is None or newest is shown or len(newest) > _TILE_BYTES:
            return shown
        return newest if await self.live.publish_tile(held.owner, LiveTile(held.id, held.attempt, newest)) else shown

    async def _heartbeat(
        self, held: VideoProcessing, attempt: AttemptState, progress: Progress, now: datetime
    ) -> VideoProcessing | None:
        """Extend the lease; give the row as it is now, or None where it is no longer ours."""

        async def step(t: Transaction) -> VideoProcessing | None:
            until = now + self.lease
            if not await t.videos.heartbeat(
                held.id,
                held.attempt,
                until=until,
                progress=progress,
                media=attempt.media,
                storyboard=attempt.storyboard,
            ):
                return None
            return await t.videos.get(held.id)

        return await self.transactions.write(step)
