"""Compare what is recorded with what there is."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from app.domain.diagnosis import (
    LONG,
    Finding,
    RowAsFound,
    is_overdue,
    of_bucket,
    of_what_is_due,
    of_workers,
    orphan,
    unfinished_upload,
)
from app.domain.lease import Lease
from app.domain.video import VideoId, result_prefix, source_key
from app.usecases.collect_garbage import PREFIXES, CollectGarbage
from app.usecases.ports.clock import Clock
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.storage import ObjectStorage, StoredObject
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.ports.videos import Backlog
from app.usecases.remove_objects import in_batches

_BATCH: Final = 500


@dataclass(slots=True)
class Extent:
    """How much was looked at."""

    rows: int = 0
    objects: int = 0
    named: int = 0
    """Of the objects, those that rows name."""
    orphans: int = 0


@final
@dataclass(frozen=True, slots=True)
class ExamineService:
    """Walk through all rows whose files are kept and through all objects, and yield what is wrong.

    Both are read in slices, so memory depends on neither. The service goes on meanwhile, and what seems to be wrong may
    only have changed between two questions: each such row and object is read once more, the objects before the rows
    that name them, since a row goes before its objects do. Nothing is changed, and nothing younger is looked at than
    what ``collect_garbage`` would remove.

    :raises StorageError: where the storage is away
    :raises DatabaseUnavailable: where the database is
    """

    transactions: Transactions
    storage: ObjectStorage
    queue: JobQueue
    clock: Clock
    collect_garbage: CollectGarbage
    batch: int = _BATCH
    extent: Extent = field(default_factory=Extent, init=False)

    async def __call__(self) -> AsyncIterator[Finding]:
        after: VideoId | None = None
        while batch := await self.transactions.read(lambda t, after=after: t.videos.kept(after, self.batch)):  # type: ignore[misc]
            for finding in await self._of_rows(batch):
                yield finding
            self.extent.rows += len(batch)
            after = batch[-1].video.id
        for prefix in PREFIXES:
            async for objects in in_batches(self.storage.list(prefix), self.batch):
                for one in await self._orphans(objects):
                    self.extent.orphans += 1
                    yield orphan(one.key, one.size_bytes, one.modified_at)
                self.extent.objects += len(objects)
            longest = self.collect_garbage.longest_write(prefix)
            for key, began_at in await self.storage.unfinished_writes(prefix, self.clock.now() - longest):
                yield unfinished_upload(key, began_at)
        for finding in of_bucket(named=self.extent.named, orphans=self.extent.orphans):
            yield finding
        for finding in await self._of_work():
            yield finding

    async def _of_rows(self, batch: Sequence[Lease]) -> Sequence[Finding]:
        sizes = await self._listed(batch)
        self.extent.named += len(sizes)
        now = self.clock.now()
        overdue = [one.video.id for one in batch if is_overdue(one, now)]
        queued = await self.queue.known(overdue) if overdue else set()
        suspects = [one for one in batch if self._findings(one, sizes, queued)]
        return [finding for one in suspects for finding in await self._of_row(one)]

    async def _of_row(self, seen: Lease) -> Sequence[Finding]:
        """Look at one row by itself: at all that it names, then at the row."""
        queued = await self.queue.known([seen.video.id])
        sizes = {key: found.size_bytes for key in _named(seen) if (found := await self.storage.stat(key)) is not None}
        lease = await self.transactions.read(lambda t: t.videos.lease(seen.video.id))
        if lease is None or lease.video.expired_at is not None or lease.video.archive != seen.video.archive:
            return []
        return self._findings(lease, sizes, queued)

    def _findings(self, lease: Lease, sizes: Mapping[str, int], queued: set[VideoId]) -> Sequence[Finding]:
        video, archive = lease.video, lease.video.archive
        as_found = RowAsFound(
            lease,
            has_source=video.source_key in sizes,
            zip_bytes=sizes.get(archive.key) if archive else None,
            is_queued=video.id in queued,
        )
        return as_found.findings(self.clock.now())

    async def _listed(self, batch: Sequence[Lease]) -> Mapping[str, int]:
        """Return how large each object is that these rows name, so far as there is one; they are in order."""
        first, last = batch[0].video.id, batch[-1].video.id
        named = {key for one in batch for key in _named(one)}
        sizes: dict[str, int] = {}
        for begin, end in ((source_key(first), source_key(last)), (result_prefix(first), result_prefix(last))):
            folder = begin[: begin.index("/") + 1]
            async for found in self.storage.list(folder, after=begin[:-1]):
                if found.key > end and not found.key.startswith(end):
                    break
                if found.key in named:
                    sizes[found.key] = found.size_bytes
        for one in batch:  # Who processes a file again has a row elsewhere than the file's first.
            key = one.video.source_key
            if not source_key(first) <= key <= source_key(last) and (shared := await self.storage.stat(key)):
                sizes[key] = shared.size_bytes
        return sizes

    async def _orphans(self, objects: Sequence[StoredObject]) -> Sequence[StoredObject]:
        """Return the orphans that nobody is about to remove, and that are still there."""
        orphans = await self.collect_garbage.orphans_among(objects, self.clock.now())
        if not orphans:
            return []
        given_up = await self.transactions.read(lambda t: t.removals.names(orphans))
        left = [one for one in objects if one.key in orphans - given_up]
        return [one for one in left if await self.storage.stat(one.key) is not None]

    async def _of_work(self) -> Sequence[Finding]:
        now = self.clock.now()

        async def look(t: Transaction) -> tuple[Backlog, int, int]:
            notifications = await t.notifications.count_due(now - LONG)
            return await t.videos.backlog(now), notifications, await t.removals.count_due(now - LONG)

        backlog, notifications, removals = await self.transactions.read(look)
        workers = await self.queue.workers()
        count = None if workers is None else len(workers)
        return [*of_workers(count, backlog.oldest_pending, now), *of_what_is_due(notifications, removals)]


def _named(lease: Lease) -> Sequence[str]:
    """Return the keys of the source and of the ZIP that a row names."""
    archive = lease.video.archive
    return [lease.video.source_key, *([archive.key] if archive else [])]
