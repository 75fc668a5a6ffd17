"""Make good what a storage has lost: a Completed whose ZIP is gone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, final

from app.domain.errors import StorageError
from app.domain.failure import LOST, Failure, FailureCode
from app.domain.video import RESULTS, VideoId, VideoProcessing, new_video_id, result_prefix
from app.usecases.mark_processing_failed import fail_processing
from app.usecases.ports.clock import Clock
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.videos import add_again, same_again

_BATCH: Final = 500
_MOST_VIDEOS: Final = 100_000
"""Some minutes' work; the next run goes on behind them."""


@dataclass(slots=True)
class _Walk:
    """How far the walk through the record is, and whether the storage is known to be the record's."""

    after: VideoId | None = None
    known: bool = False


@final
@dataclass(frozen=True, slots=True)
class ReplaceLostZips:
    """Process again each Completed whose ZIP the storage no longer has, as a new record; return how many there were.

    A Completed is final, so it stays one, and is written down as one whose files are no longer kept. Where the uploaded
    file is lost, too, the new record fails at once and says so, and its owner is told as of any failure.

    That is said only of a storage that is the record's: where it holds nothing that any row names, an operator may have
    named the wrong bucket, and nobody is told that their films are lost. ``beside`` is for a storage on the disk of the
    record, which is the right one.

    :raises StorageError: where the storage is away, or seems to be another's
    """

    transactions: Transactions
    storage: ObjectStorage
    queue: JobQueue
    live: LiveStatus
    clock: Clock
    beside: bool
    most_videos: int = _MOST_VIDEOS
    batch: int = _BATCH
    _walk: _Walk = field(default_factory=_Walk)

    async def __call__(self) -> int:
        replaced = looked_at = 0
        self._walk.known = self.beside
        while looked_at < self.most_videos:
            place = self._walk.after
            batch = await self.transactions.read(lambda t, place=place: t.videos.completed(place, self.batch))  # type: ignore[misc]
            replaced += await self._replace_all(await self._without_zip(batch))
            looked_at += len(batch)
            self._walk.after = batch[-1].id if len(batch) == self.batch else None
            if self._walk.after is None:  # The end; the next run begins anew.
                break
        return replaced

    async def _without_zip(self, batch: Sequence[VideoProcessing]) -> list[VideoProcessing]:
        """Return those whose ZIP is in no listing of the storage, and not there when asked for by name."""
        if not batch:
            return []
        stored, last = set[str](), result_prefix(batch[-1].id)
        async for found in self.storage.list(RESULTS, after=result_prefix(batch[0].id)):
            if found.key > last and not found.key.startswith(last):
                break
            stored.add(found.key)
        lost = [video for video in batch if video.archive is not None and video.archive.key not in stored]
        self._walk.known = self._walk.known or len(lost) < len(batch)
        return [one for one in lost if one.archive and await self.storage.stat(one.archive.key) is None]

    async def _replace_all(self, lost: Sequence[VideoProcessing]) -> int:
        with_source = [await self.storage.stat(one.source_key) is not None for one in lost]
        self._walk.known = self._walk.known or any(with_source)
        if lost and not self._walk.known:
            raise StorageError(
                "The storage has nothing that is recorded: see whether FIAPX_S3_BUCKET is the right one."
            )
        return sum([await self._replace(one, has_source=has) for one, has in zip(lost, with_source, strict=True)])

    async def _replace(self, lost: VideoProcessing, *, has_source: bool) -> bool:
        new = new_video_id()

        async def step(t: Transaction) -> VideoProcessing | None:
            if not await t.users.lock(lost.owner):
                return None
            now, seen = self.clock.now(), await t.videos.get(lost.id)
            if seen is None or seen.archive != lost.archive or not await t.videos.expire(lost.id, now):
                return None  # Deleted or expired meanwhile, or another process was first.
            again = same_again(lost, new, now)
            await add_again(t, lost, again)
            await t.removals.add(result_prefix(lost.id), is_prefix=True, at=now)
            if not has_source:
                await fail_processing(t, again, Failure(FailureCode.SOURCE_MISSING, LOST), now)
            return again

        again = await self.transactions.write(step)
        if again is None:
            return False
        await self._tell(lost.id, again.id)
        if has_source:
            await self.queue.process_video(again.id, again.owner)
        else:
            await self.queue.deliver_notifications()
        return True

    async def _tell(self, *videos: VideoId) -> None:
        for video in videos:
            if (row := await self.transactions.read(lambda t, video=video: t.videos.get(video))) is not None:  # type: ignore[misc]
                await self.live.publish(row)
