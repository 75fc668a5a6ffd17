"""One attempt at an export, from its claim to its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, final

from app.domain.backoff import Backoff
from app.domain.errors import FramesUnreadable, ProcessingError, StorageError
from app.domain.failure import Failure, FailureCode
from app.domain.frames_export import KEPT_FOR, ExportId, ExportStatus, FramesExport
from app.domain.places import Places
from app.domain.video import FramesArchive
from app.usecases.chosen_frames import read_frames
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.frame_indexes import FrameIndexes
from app.usecases.ports.frames_exports import ChosenPicture, ExportReports, FramesRenderer
from app.usecases.ports.storage import ObjectMissing, ObjectStorage
from app.usecases.ports.transactions import Transactions
from app.usecases.quota import StoredBytes
from app.usecases.ranges import read_range

MOST_FAULTS: Final = 5
"""So often it may come to nothing for a passing fault, or for the death of its worker."""
_BACKOFF: Final = Backoff(first=2, longest=60)
_UNREADABLE: Final = "What is stored of this video's pictures cannot be read."
_GONE: Final = "The ZIP of this video is no longer stored."
_NO_ROOM: Final = "This would take more than you may keep here; delete some videos and ask for it again."
_SENTENCES: Final = {
    FailureCode.TIMED_OUT: "Making this took longer than the service allows; choose fewer pictures.",
    FailureCode.OUT_OF_MEMORY: "The pictures of this video are too large for this.",
    FailureCode.CORRUPT_VIDEO: "A picture of this video cannot be read.",
    FailureCode.INTERNAL: "Something went wrong on our side; ask for it again later.",
}
"""What a code of a video means where it is an export's."""


class _ExportLost(Exception):
    """The row is gone, has ended or is another worker's: stop the work, and record nothing."""


@final
@dataclass(frozen=True, slots=True)
class MakeExport:
    """Claim an export, make it of the pictures in the stored ZIP under the lease, and record how that ended.

    However often it is called for one export, the row's lease makes that boring. A cancellation is a shutdown: it is
    given back at once. What is to be tried again, the sweep brings when the row says so.
    """

    transactions: Transactions
    storage: ObjectStorage
    indexes: FrameIndexes
    render: FramesRenderer
    stored_bytes: StoredBytes
    clock: Clock
    reports: ExportReports
    lease: timedelta
    heartbeat: timedelta

    async def __call__(self, which: ExportId) -> None:
        with suppress(DatabaseUnavailable):  # The sweep finds it, now or when the lease has run out.
            if (mine := await self._claimed(which)) is not None:
                await self._work(mine)

    async def _claimed(self, which: ExportId) -> FramesExport | None:
        """Let it be ours; None where there is nothing to do, or another was first."""
        seen, now = await self.transactions.read(lambda t: t.exports.get(which)), self.clock.now()
        if seen is None or seen.status.final or seen.wake_at > now:
            return None
        # A lease that ran out counts as a fault: its worker died.
        faults = seen.faults + (seen.status is ExportStatus.MAKING)
        mine = replace(
            seen, status=ExportStatus.MAKING, attempt=seen.attempt + 1, wake_at=now + self.lease, faults=faults
        )
        return mine if await self.transactions.write(lambda t: t.exports.change(seen, mine, due_by=now)) else None

    async def _work(self, mine: FramesExport) -> None:
        self.reports.tell("export begins", mine)
        try:
            await self._under_lease(mine)
        except _ExportLost:
            self.reports.tell("export is no longer ours", mine)
        except asyncio.CancelledError:
            with suppress(_ExportLost, DatabaseUnavailable):
                await asyncio.shield(self._change(mine, status=ExportStatus.WAITING, wake_at=self.clock.now()))
            raise
        except ProcessingError as error:
            await self._fail(mine, error.failure, None if error.message == error.failure.reason else error.message)
        except FramesUnreadable:
            await self._fail(mine, FailureCode.CORRUPT_VIDEO, _UNREADABLE)
        except ObjectMissing:
            await self._fail(mine, FailureCode.SOURCE_MISSING, _GONE)
        except (StorageError, OSError) as fault:
            code = FailureCode.STORAGE_ERROR if isinstance(fault, StorageError) else FailureCode.INTERNAL
            await self._faulty(mine, code, fault)
        except DatabaseUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - a bug of ours must let it end some day, too
            await self._faulty(mine, FailureCode.INTERNAL, fault)

    async def _under_lease(self, mine: FramesExport) -> None:
        """Make it while the lease is held."""
        holding = asyncio.create_task(self._hold(mine))
        making = asyncio.create_task(self._make(mine))
        try:
            await asyncio.wait({holding, making}, return_when=asyncio.FIRST_COMPLETED)
            if not making.done():
                holding.result()
            ended = making.result()
        finally:
            for task in (holding, making):
                task.cancel()
            await asyncio.gather(holding, making, return_exceptions=True)
        now = self.clock.now()
        await self._change(mine, status=ExportStatus.READY, ended_at=now, expires_at=now + KEPT_FOR, **ended)
        self.reports.tell("export is ready", mine, size_bytes=ended["size_bytes"])

    async def _make(self, mine: FramesExport) -> dict[str, Any]:
        """Store it; return what the row is to say of it."""
        if mine.faults >= MOST_FAULTS:  # Its workers died again and again.
            raise ProcessingError(FailureCode.INTERNAL)
        video = await self.transactions.read(lambda t: t.videos.get(mine.video))
        if video is None or video.archive is None or video.expired_at is not None:
            raise ObjectMissing(mine.video)
        places = mine.chosen(video.archive.frame_count)
        made = await self.render(mine.kind, video, self._pictures(video.archive, places))
        room = await self.stored_bytes.room_left(mine.owner)
        if room is not None and len(made) > room:
            raise ProcessingError(FailureCode.OUTPUT_TOO_LARGE, _NO_ROOM)
        async with self.storage.writer(mine.own_key, mine.kind.media_type) as writer:
            await writer.write(made)
        return {"object_key": mine.own_key, "size_bytes": len(made), "frame_count": places.count}

    async def _pictures(self, archive: FramesArchive, places: Places) -> AsyncIterator[ChosenPicture]:
        async for frames in read_frames(self.indexes, archive, places):
            for frame in frames:
                end = frame.offset + frame.size_bytes
                yield ChosenPicture(frame, await read_range(self.storage, archive.key, frame.offset, end))

    async def _hold(self, mine: FramesExport) -> None:
        """Keep the lease, for ever; raises ``_ExportLost`` where it is no longer ours."""
        while True:
            await asyncio.sleep(self.heartbeat.total_seconds())
            with suppress(DatabaseUnavailable):
                await self._change(mine, wake_at=self.clock.now() + self.lease)

    async def _faulty(self, mine: FramesExport, code: FailureCode, fault: Exception) -> None:
        """Try again later, or let it have failed."""
        self.reports.fault(mine, fault)
        if mine.faults + 1 >= MOST_FAULTS:
            await self._fail(mine, code)
            return
        with suppress(_ExportLost):
            wake_at = self.clock.now() + _BACKOFF.delay(mine.faults)
            await self._change(mine, status=ExportStatus.WAITING, wake_at=wake_at, faults=mine.faults + 1)

    async def _fail(self, mine: FramesExport, code: FailureCode, sentence: str | None = None) -> None:
        failure, now = Failure(code, sentence or _SENTENCES.get(code, code.reason)), self.clock.now()
        self.reports.tell("export failed", mine, code=code)
        with suppress(_ExportLost):
            await self._change(
                mine, status=ExportStatus.FAILED, failure=failure, ended_at=now, expires_at=now + KEPT_FOR
            )

    async def _change(self, mine: FramesExport, **to: Any) -> None:
        if not await self.transactions.write(lambda t: t.exports.change(mine, replace(mine, **to))):
            raise _ExportLost
