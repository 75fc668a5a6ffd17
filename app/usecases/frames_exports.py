"""Exports: asked for, looked at, and taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from app.domain.errors import ExportNotFound, QuotaExceeded
from app.domain.frames_export import KEPT_FOR, ExportId, ExportKind, ExportStatus, FramesExport, new_export_id
from app.domain.identifiers import parsed_uuid
from app.domain.places import Places
from app.domain.session import Viewer
from app.domain.video import VideoId, VideoProcessing
from app.usecases.download_processed_zip import DownloadProcessedZip, named_after
from app.usecases.ownership import owned_video
from app.usecases.ports.clock import Clock
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.quota import StoredBytes
from app.usecases.sessions import locked_user
from app.usecases.videos import SECOND_REMOVAL

MOST_UNFINISHED: Final = 20
_SOON_SECONDS: Final = 10
_LATER_SECONDS: Final = 3600


@final
@dataclass(frozen=True, slots=True)
class ExportUseCases:
    """Ask for what is made of the pictures of a video, and see how it goes.

    The same request gives the same export for as long as it is kept, and a new one where it failed.

    :raises ExportNotFound: from each that names one, where there is none
    :raises VideoNotBelongsToUser: where it is another's
    """

    transactions: Transactions
    queue: JobQueue
    clock: Clock
    stored_bytes: StoredBytes
    download: DownloadProcessedZip

    async def create(
        self, viewer: Viewer, video: VideoId, kind: ExportKind, places: Places | None
    ) -> tuple[VideoProcessing, FramesExport]:
        """Promise to make it; raises as ``DownloadProcessedZip`` does.

        :raises FrameNotFound: where a picture lies beyond the last
        :raises QuotaExceeded: where too many are being made, or too many bytes stored
        """
        found, archive = await self.download(viewer, video)
        if places is not None:
            places = None if places.within(archive.frame_count).count == archive.frame_count else places
        now = self.clock.now()
        new = FramesExport(new_export_id(), viewer.id, video, kind, places, now, now, now + KEPT_FOR)

        async def step(t: Transaction) -> tuple[FramesExport, bool]:
            await locked_user(t, viewer)
            known = await t.exports.alike(new)
            if known is not None and known.status is not ExportStatus.FAILED and known.expires_at > now:
                return known, False
            await self._refuse_too_many(t, viewer)
            if known is not None:
                await forget_export(t, known, now)
            await t.exports.add(new)
            return new, True

        export, is_new = await self.transactions.write(step)
        if is_new:
            await self.queue.make_export(export.id, export.owner)
        return found, export

    async def show(self, viewer: Viewer, export: ExportId) -> tuple[VideoProcessing, FramesExport]:
        """Return one of the viewer's."""

        async def look(t: Transaction) -> tuple[VideoProcessing, FramesExport]:
            return await _owned(t, viewer, export)

        return await self.transactions.read(look)

    async def of(self, video: VideoId) -> Sequence[FramesExport]:
        """Return those of a video that its owner was already shown, the newest first."""
        now = self.clock.now()
        found = await self.transactions.read(lambda t: t.exports.of(video))
        return [one for one in found if one.expires_at > now]

    async def delete(self, viewer: Viewer, export: ExportId) -> None:
        """Remove one with its file; where it is being made, its worker finds out at its next heartbeat."""

        async def step(t: Transaction) -> None:
            _, found = await _owned(t, viewer, export)
            await forget_export(t, found, self.clock.now())

        await self.transactions.write(step)
        await self.queue.remove_objects()

    async def _refuse_too_many(self, t: Transaction, viewer: Viewer) -> None:
        if await t.exports.unfinished(viewer.id) >= MOST_UNFINISHED:
            raise QuotaExceeded(
                f"{MOST_UNFINISHED} exports of yours are being made; ask again when one of them has ended.",
                retry_after_seconds=_SOON_SECONDS,
            )
        if await self.stored_bytes.room(t, viewer.id) == 0:
            raise QuotaExceeded(
                "You keep as much here as you may; delete some videos first.", retry_after_seconds=_LATER_SECONDS
            )


def export_file_name(video: VideoProcessing, kind: ExportKind) -> str:
    """Name it as a user's disk should show it: after the video."""
    return named_after(video, kind.value)


def parsed_export_id(text: str) -> ExportId:
    """Read a client's id; raises ``ExportNotFound`` where it is none."""
    return ExportId(parsed_uuid(text, ExportNotFound))


async def forget_export(t: Transaction, export: FramesExport, at: datetime) -> None:
    """Remove its row, and write down for removal whatever any attempt stored, now and when none goes on any more."""
    await t.exports.remove(export.id)
    for when in (at, at + SECOND_REMOVAL):
        await t.removals.add(export.prefix, is_prefix=True, at=when)


async def _owned(t: Transaction, viewer: Viewer, export: ExportId) -> tuple[VideoProcessing, FramesExport]:
    found = await t.exports.get(export)
    if found is None:
        raise ExportNotFound
    return await owned_video(t, viewer, found.video), found
