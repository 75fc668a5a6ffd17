"""Let go of the files of processings that ended long enough ago."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final, final

from app.domain.retention import Retention
from app.domain.user import UserId
from app.domain.video import VideoId, VideoProcessing
from app.usecases.ports.clock import Clock
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.videos import give_up_files

_BATCH: Final = 100


@final
@dataclass(frozen=True, slots=True)
class ExpireVideos:
    """Write down of each processing whose time is over that its files are no longer kept; return how many there were.

    The objects are written down for removal in the same transaction. As where one is deleted, its owner's row is locked
    first, so a source goes exactly when no processing whose files are kept names it.
    """

    transactions: Transactions
    queue: JobQueue
    live: LiveStatus
    clock: Clock
    retention: Retention

    async def __call__(self) -> int:
        expired = 0
        while (ended := self.retention.ended_by(self.clock.now())) is not None:
            found = await self.transactions.read(lambda t, ended=ended: t.videos.to_expire(ended, _BATCH))  # type: ignore[misc]
            for owner, pairs in groupby(sorted(found), key=itemgetter(0)):
                expired += await self._expire_of(owner, [video for _, video in pairs])
            if len(found) < _BATCH:
                break
        return expired

    async def _expire_of(self, owner: UserId, videos: list[VideoId]) -> int:
        gone = await self.transactions.write(lambda t: self._let_go(t, owner, videos, self.clock.now()))
        for video in gone:
            await self.live.publish(video)
        if gone:
            await self.queue.remove_objects()
        return len(gone)

    async def _let_go(
        self, t: Transaction, owner: UserId, videos: list[VideoId], now: datetime
    ) -> list[VideoProcessing]:
        await t.users.lock(owner)
        gone = []
        for video in videos:
            if not await t.videos.expire(video, now):
                continue  # Deleted, or another process was first.
            seen = await t.videos.get(video)
            if seen is not None:
                gone.append(seen)
        for seen in gone:
            await give_up_files(t, seen, now)
        return gone
