"""One attempt at an import, from its claim to its end."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, final

from app.domain.backoff import Backoff
from app.domain.errors import AccountDisabled, StorageError, StorageFull, Unauthenticated, UploadIncomplete
from app.domain.failure import ImportFailure, ImportFailureCode
from app.domain.video import VideoId, VideoProcessing, source_key
from app.domain.video_import import ImportStatus, LinkFault, VideoImport
from app.usecases.accept_upload import AcceptUpload
from app.usecases.end_import import fail_import, leave_no_parts
from app.usecases.held_import import HeldImport, ImportLost
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.import_reports import ImportReports
from app.usecases.ports.live_status import LiveImports
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.store_import import StoreImport

MOST_FAULTS: Final = 8
"""So often in a row a link may bring nothing on before it is given up: about ten minutes."""
_BACKOFF: Final = Backoff(first=5, longest=300)
_OUTAGE: Final = timedelta(seconds=10)
"""How long what met an outage of ours waits; that says nothing about the link."""
_MARGIN: Final = timedelta(milliseconds=100)


@final
@dataclass(frozen=True, slots=True)
class FetchImport:
    """Claim an import, fetch its file under the lease, and record how that ended.

    However often it is called for one import, the row's lease makes that boring. A cancellation is a shutdown, or makes
    room for another user's import: it is given back at once, and gone on with where it was.

    Return in how long there may be something to do again; None where nothing is left to do here.
    """

    transactions: Transactions
    store: StoreImport
    accept: AcceptUpload
    queue: JobQueue
    live: LiveImports
    clock: Clock
    reports: ImportReports
    lease: timedelta
    heartbeat: timedelta

    async def __call__(self, which: VideoId) -> timedelta | None:
        try:
            seen = await self.transactions.read(lambda t: t.imports.get(which))
            if seen is None or seen.status.final:
                return None
            now = self.clock.now()
            if seen.wake_at > now:
                return seen.wake_at + _MARGIN - now
            row = await self._claimed(seen, now)
        except DatabaseUnavailable:
            return _OUTAGE
        if row is None:  # Another was first; the sweep finds it, should it be due again.
            return None
        return await self._work(self._held(row))

    async def _claimed(self, seen: VideoImport, now: datetime) -> VideoImport | None:
        """Claim it to the end even when cancelled, and give it back then: half a claim would be held by nobody."""
        claiming = asyncio.ensure_future(self.transactions.write(lambda t: self._claim(t, seen, now)))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(ImportLost, DatabaseUnavailable):
                if (row := await claiming) is not None:
                    await self._release(self._held(row), timedelta(), seen.faults)
            raise

    def _held(self, row: VideoImport) -> HeldImport:
        return HeldImport(row, self.transactions, self.live, self.clock, came_before=row.fetched_bytes)

    async def _claim(self, t: Transaction, seen: VideoImport, now: datetime) -> VideoImport | None:
        """Let it be ours, if it still is as it was seen. A lease that ran out counts as a fault: its worker died."""
        claimed = replace(
            seen,
            status=ImportStatus.FETCHING,
            attempt=seen.attempt + 1,
            wake_at=now + self.lease,
            faults=seen.faults + (seen.status is ImportStatus.FETCHING),
        )
        return await t.imports.get(seen.id) if await t.imports.change(seen, claimed, due_by=now) else None

    async def _work(self, held: HeldImport) -> timedelta | None:
        """Fetch it while the lease is held, and see how that ends."""
        says = self.reports.tell
        says("import begins", held.row, fetched_bytes=held.row.fetched_bytes)
        try:
            await self._under_lease(held)
        except ImportLost:
            await self._see_it_off(held)
        except asyncio.CancelledError:
            says("import given back", held.row, fetched_bytes=held.fetched_bytes)
            with suppress(ImportLost, DatabaseUnavailable):
                await asyncio.shield(self._release(held, timedelta(), held.row.faults))
            raise
        except LinkFault as fault:
            return await self._faulty(held, fault.failure, passing=fault.passing)
        except StorageFull:
            return await self._faulty(held, ImportFailure.of(ImportFailureCode.STORAGE_FULL))
        except (StorageError, DatabaseUnavailable) as fault:
            says("import waits for a store", held.row, fault=repr(fault))
            return await self._again(held, _OUTAGE, held.row.faults)
        except Exception as error:  # noqa: BLE001 - a bug of ours must let it end some day, too
            self.reports.broke(held.row, error)
            return await self._faulty(held, ImportFailure.of(ImportFailureCode.INTERNAL), passing=True)
        else:
            says("imported", held.row, size_bytes=held.fetched_bytes)
        return None

    async def _under_lease(self, held: HeldImport) -> None:
        if held.clock.now() >= held.row.ends_at:
            raise LinkFault(ImportFailure.of(ImportFailureCode.TIMED_OUT))
        if held.row.faults >= MOST_FAULTS:  # Its workers died again and again.
            raise LinkFault(ImportFailure.of(ImportFailureCode.INTERNAL))
        await held.change(held.still_allowed)
        holding = asyncio.create_task(held.hold(self.lease, self.heartbeat))
        storing = asyncio.create_task(self.store(held))
        try:
            await asyncio.wait({holding, storing}, return_when=asyncio.FIRST_COMPLETED)
            if not storing.done():
                holding.result()
            await self._accept(held, storing.result())
        finally:
            for task in (holding, storing):
                task.cancel()
            await asyncio.gather(holding, storing, return_exceptions=True)

    async def _accept(self, held: HeldImport, size_bytes: int) -> None:
        """Promise to process what is stored, and end the import in the same transaction."""
        row, now = held.row, self.clock.now()
        whole: dict[str, Any] = {
            "fetched_bytes": size_bytes,
            "total_bytes": size_bytes,
            "ended_at": now,
            "url": row.shown_url,
        }
        held.fetched_bytes = size_bytes

        async def also(t: Transaction) -> None:
            if not await t.imports.change(row, replace(row, status=ImportStatus.IMPORTED, **whole)):
                raise UploadIncomplete

        video = VideoProcessing(
            id=row.id,
            owner=row.owner,
            original_file_name=row.file_name or row.id,
            size_bytes=size_bytes,
            source_key=source_key(row.id),
            options=row.options,
            created_at=now,
        )
        try:
            await self.accept(video, also=also)
        except (UploadIncomplete, Unauthenticated):
            raise ImportLost from None
        except AccountDisabled:
            raise LinkFault(ImportFailure.of(ImportFailureCode.ACCOUNT_DISABLED)) from None
        await self._publish(held)

    async def _faulty(self, held: HeldImport, failure: ImportFailure, *, passing: bool = False) -> timedelta | None:
        """Try again later where that may help, or let it have failed."""
        self.reports.tell("import fault", held.row, code=failure.code, passing=passing)
        faults = 1 if held.parts_sent else held.row.faults + 1
        if passing and faults < MOST_FAULTS and self.clock.now() < held.row.ends_at:
            return await self._again(held, _BACKOFF.delay(faults - 1), faults)
        try:
            if not await self.transactions.write(lambda t: fail_import(t, held.row, failure, self.clock.now())):
                await self._see_it_off(held)
                return None
        except DatabaseUnavailable:
            return self.lease  # It runs out, and then somebody finds the same.
        await self._publish(held)
        await self._see_it_off(held)
        await self.queue.deliver_notifications()
        await self.queue.remove_objects()
        return None

    async def _again(self, held: HeldImport, delay: timedelta, faults: int) -> timedelta | None:
        try:
            await self._release(held, delay, faults)
        except ImportLost:
            await self._see_it_off(held)
            return None
        except DatabaseUnavailable:
            return self.lease
        return delay + _MARGIN

    async def _release(self, held: HeldImport, delay: timedelta, faults: int) -> None:
        to: dict[str, Any] = {"status": ImportStatus.WAITING, "wake_at": self.clock.now() + delay, "faults": faults}
        await held.change(**to, fetched_bytes=held.shown_bytes)

    async def _publish(self, held: HeldImport) -> None:
        with suppress(DatabaseUnavailable):  # Who watches reads the row before long.
            ended = await self.transactions.read(lambda t: t.imports.get(held.row.id))
            if ended is not None:
                await self.live.publish(ended)

    async def _see_it_off(self, held: HeldImport) -> None:
        """Leave nothing in the storage of an import that has ended otherwise, or whose owner is gone."""
        try:
            row = await self.transactions.read(lambda t: t.imports.get(held.row.id))
        except DatabaseUnavailable:
            return
        if row is None or row.status is ImportStatus.FAILED:
            await leave_no_parts(self.store.storage, held.row, self.clock.now())
