"""Uploads in parts: the client sends them straight to the storage, and none of their bytes come here."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.batch import BatchId
from app.domain.errors import (
    AcceptanceUnknown,
    FileChanged,
    InvalidInput,
    StagingUnavailable,
    StorageError,
    UploadIncomplete,
    UploadNotFound,
)
from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.staged_upload import HEAD_BYTES, StagedUpload, part_size, ranges, sha256_of
from app.domain.upload_reservation import UploadReservation
from app.domain.video import VideoId, VideoProcessing, new_video_id, source_key
from app.usecases.accept_upload import AcceptUpload
from app.usecases.join_batch import check_room_in, joining, options_for
from app.usecases.planned_upload import PlannedUpload
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.storage import ObjectMissing, ObjectStorage, PartLinks, PartToSend, StoredPart
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.quota import Quota, StoredInAll
from app.usecases.sessions import locked_user
from app.usecases.upload_video import RESERVATION_LEASE
from app.usecases.videos import SECOND_REMOVAL

URLS_AT_ONCE: Final = 64
"""For so many parts URLs are made at a time: they are short-lived, and cost up to a millisecond each."""
_FINGERPRINT_MAX: Final = 1024
_MD5_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class UploadPart:
    """A part as its sender sees it; ``url`` takes it, and is None where it came or its turn is later."""

    number: int
    done: bool
    md5: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class UploadInParts:
    """An unfinished upload, what of it came, and where the next parts are taken until ``urls_expire_at``."""

    upload: StagedUpload
    parts: Sequence[UploadPart]
    urls_expire_at: datetime


@final
@dataclass(frozen=True, slots=True)
class StagedUploadUseCases:
    """Begin an upload in parts, go on with it, and end it well or badly.

    A reservation holds its place in the quota and names the object, as for a file that comes in one request, but for
    ``lifetime``; the storage keeps the parts. Whoever comes again finds both, so it can be gone on with from anywhere.

    :raises UploadNotFound: from each that names one, where the viewer has none, or none any more
    :raises StorageError: where the storage is away; what came is not lost
    """

    transactions: Transactions
    storage: ObjectStorage
    queue: JobQueue
    clock: Clock
    quota: Quota
    in_all: StoredInAll
    accept: AcceptUpload
    links: PartLinks | None
    """None where clients do not reach the storage."""
    max_bytes: int
    lifetime: timedelta

    async def create(
        self,
        viewer: Viewer,
        file: PlannedUpload,
        options: ExtractionOptions | None = None,
        fingerprint: str | None = None,
        batch: BatchId | None = None,
    ) -> UploadInParts:
        """Begin an upload, or go on with the viewer's unfinished one of the same fingerprint.

        Without ``options`` those of the batch apply, if it has any, else the usual ones. All that can be said of a file
        before it comes is said here. Beside what ``PlannedUpload.checked`` raises:

        :raises QuotaExceeded: too many videos unfinished, or too many bytes stored
        :raises ServiceBusy: where too much waits already
        :raises StorageFull: where the disk under the storage has no room for it
        :raises FileChanged: where the fingerprint is that of another file's unfinished upload
        :raises BatchNotFound: where the viewer has no such batch, or it is being deleted
        :raises StagingUnavailable: where clients do not reach the storage
        """
        links, new, now = self._links(), new_video_id(), self.clock.now()
        name = file.checked(self.max_bytes, HEAD_BYTES)
        applied = await options_for(self.transactions, viewer, options, batch)
        planned = StagedUpload(
            id=new,
            owner=viewer.id,
            source_key=source_key(new),
            size_bytes=file.size_bytes,
            expires_at=now + self.lifetime,
            file_name=name,
            options=applied,
            fingerprint_sha256=_digest(fingerprint),
            head_sha256=sha256_of((file.first_bytes or b"")[: min(HEAD_BYTES, file.size_bytes)]),
            part_size_bytes=part_size(file.size_bytes),
            storage_upload_id="",
            batch=batch,
        )
        if (known := await self.transactions.write(lambda t: self._known_or_admitted(t, viewer, planned))) is None:
            return await self._shown(links, await self._begun(viewer, planned), ())
        if (stored := await self._stored(known)) is None:  # The storage gave it up.
            await self._drop(known)
            return await self.create(viewer, file, options, fingerprint, batch)
        return await self._shown(links, known, stored)

    async def refresh(self, viewer: Viewer, upload: VideoId, wanted: Sequence[tuple[int, str | None]]) -> UploadInParts:
        """Return what came, and new URLs: for the ``wanted`` parts, each with the MD5 that it must have, or the next.

        :raises InvalidInput: where a part is none of this upload, or its MD5 none
        :raises StorageFull: where the disk under the storage has no room for what is missing
        """
        links = self._links()
        found = await self.transactions.read(lambda t: self._unfinished(t, viewer, upload))
        if found is None or (stored := await self._stored(found)) is None:
            raise UploadNotFound
        return await self._shown(links, found, stored, [_to_send(found, *one) for one in wanted])

    async def complete(self, viewer: Viewer, upload: VideoId) -> VideoProcessing:
        """Let the parts become the file, then promise to process it; once more, return the same processing.

        :raises UploadIncomplete: where parts are missing or have another size; its sentence names them
        :raises FileChanged: where the file does not begin as it was shown; the upload is over then
        :raises BatchNotFound: where the batch that it was to join was deleted meanwhile; the upload is over then
        """
        found = await self.transactions.read(lambda t: self._unfinished_or_accepted(t, viewer, upload))
        if isinstance(found, VideoProcessing):
            return found
        stored = await self._stored(found)
        if stored is None:
            raise UploadNotFound
        missing = found.missing({(part.number, part.size_bytes) for part in stored})
        # Where it is there, another request completes it at this moment, and its parts go one by one.
        if missing and await self.storage.stat(found.source_key) is None:
            raise UploadIncomplete(
                f"Of {found.part_count} parts the storage lacks {ranges(missing)}; send them, then complete the upload "
                "again."
            )
        await self.storage.complete_parts(found.source_key, found.storage_upload_id, stored)
        await self._check_content(found)
        try:
            return await self.accept(
                VideoProcessing(
                    id=found.id,
                    owner=found.owner,
                    original_file_name=found.file_name,
                    size_bytes=found.size_bytes,
                    source_key=found.source_key,
                    options=found.options,
                    created_at=self.clock.now(),
                ),
                also=joining(found.owner, found.batch, found.id),
            )
        except UploadIncomplete:  # It was aborted meanwhile.
            raise UploadNotFound from None
        except AcceptanceUnknown as unknown:
            raise AcceptanceUnknown(
                "The storage went away, and it is unknown whether this file was accepted: complete the upload again, "
                "and it makes no second video."
            ) from unknown

    async def abort(self, viewer: Viewer, upload: VideoId) -> None:
        """Remove an unfinished upload with all that came of it."""
        found = await self.transactions.read(lambda t: self._unfinished(t, viewer, upload))
        if found is None or not await self._drop(found):
            raise UploadNotFound

    def _links(self) -> PartLinks:
        if self.links is None:
            raise StagingUnavailable
        return self.links

    async def _known_or_admitted(self, t: Transaction, viewer: Viewer, planned: StagedUpload) -> StagedUpload | None:
        """Return the unfinished upload of the same file; where there is none, take a place in the quota."""
        await locked_user(t, viewer)
        now = self.clock.now()
        if (known := await _same_file(t, planned, now)) is not None:
            wanted = replace(known, file_name=planned.file_name, options=planned.options, batch=planned.batch)
            await t.staged_uploads.change(wanted)
            return wanted
        await self.quota.check(t, planned.owner, now, planned.size_bytes)
        await check_room_in(t, planned.batch)
        await t.reservations.add(
            UploadReservation(
                planned.id, planned.owner, planned.source_key, None, planned.size_bytes, now + RESERVATION_LEASE
            )
        )
        return None

    async def _begun(self, viewer: Viewer, planned: StagedUpload) -> StagedUpload:
        """Begin it in the storage and write it down, or return the one that another request began at the same time."""
        begun = planned
        try:
            self.storage.check_room(planned.size_bytes)
            await self.in_all.take(planned.size_bytes)
            name = await self.storage.begin_parts(planned.source_key, "application/octet-stream")
            begun = replace(planned, storage_upload_id=name)
            kept = await self.transactions.write(lambda t: self._keep(t, viewer, begun))
        except BaseException:
            await asyncio.shield(self._give_up(begun))
            raise
        if kept.id != begun.id:
            await self._give_up(begun)
        return kept

    async def _keep(self, t: Transaction, viewer: Viewer, begun: StagedUpload) -> StagedUpload:
        await locked_user(t, viewer)
        if (twin := await _same_file(t, begun, self.clock.now())) is not None:
            return twin
        if not await t.reservations.extend(begun.id, begun.expires_at):
            raise StorageError  # It took so long that housekeeping has been by.
        await t.staged_uploads.add(begun)
        return begun

    async def _give_up(self, begun: StagedUpload) -> None:
        with suppress(DatabaseUnavailable):  # It expires by itself.
            await self._drop(begun)

    async def _unfinished(self, t: Transaction, viewer: Viewer, upload: VideoId) -> StagedUpload | None:
        found = await t.staged_uploads.get(upload)
        return found if found and found.owner == viewer.id and found.expires_at > self.clock.now() else None

    async def _unfinished_or_accepted(
        self, t: Transaction, viewer: Viewer, upload: VideoId
    ) -> StagedUpload | VideoProcessing:
        # In this order, since it goes from the one table to the other.
        if (found := await self._unfinished(t, viewer, upload)) is not None:
            return found
        accepted = await t.videos.get(upload)
        if accepted is None or accepted.owner != viewer.id:
            raise UploadNotFound
        return accepted

    async def _stored(self, upload: StagedUpload) -> Sequence[StoredPart] | None:
        """Return the parts that came, which are all where the object is there; None where the storage has nothing."""
        try:
            return await self.storage.parts(upload.source_key, upload.storage_upload_id)
        except ObjectMissing:
            if await self.storage.stat(upload.source_key) is None:
                return None
            return [StoredPart(number, upload.size_of(number), "", None) for number in range(1, upload.part_count + 1)]

    async def _shown(
        self,
        links: PartLinks,
        upload: StagedUpload,
        stored: Sequence[StoredPart],
        wanted: Sequence[PartToSend] = (),
    ) -> UploadInParts:
        missing = upload.missing({(part.number, part.size_bytes) for part in stored})
        self.storage.check_room(sum(map(upload.size_of, missing)))
        lacking, md5s = set(missing), {part.number: part.md5 for part in stored}
        next_ones = wanted or [PartToSend(number, upload.size_of(number)) for number in missing]
        to_send = [part for part in next_ones if part.number in lacking][:URLS_AT_ONCE]
        urls, expire_at = await links.links(upload.source_key, upload.storage_upload_id, to_send, self.clock.now())
        taken = dict(zip((part.number for part in to_send), urls, strict=True))
        return UploadInParts(
            upload,
            [
                UploadPart(number, done=False, md5=None, url=taken.get(number))
                if number in lacking
                else UploadPart(number, done=True, md5=md5s.get(number), url=None)
                for number in range(1, upload.part_count + 1)
            ],
            expire_at,
        )

    async def _check_content(self, upload: StagedUpload) -> None:
        """Refuse, and remove, what does not begin as it was shown when it was begun."""
        try:
            head = b"".join([piece async for piece in self.storage.read(upload.source_key, 0, HEAD_BYTES)])
        except ObjectMissing:
            raise UploadNotFound from None
        if sha256_of(head) != upload.head_sha256:
            await self._drop(upload)
            raise FileChanged
        stored = await self.storage.stat(upload.source_key)
        if stored is None or stored.size_bytes != upload.size_bytes:
            raise StorageError

    async def _drop(self, upload: StagedUpload) -> bool:
        """Free its place and remove what came; return False where it has become a processing, or is gone already."""

        async def step(t: Transaction) -> bool:
            if not await t.reservations.remove(upload.id):
                return False
            now = self.clock.now()
            for at in (now, now + SECOND_REMOVAL):  # Whoever completes it at this moment may be later than we are.
                await t.removals.add(upload.source_key, is_prefix=False, at=at)
            return True

        if not await self.transactions.write(step):
            return False
        await self.queue.remove_objects()
        if upload.storage_upload_id:
            with suppress(StorageError):  # Housekeeping aborts what is left, after a day.
                await self.storage.abort_parts(upload.source_key, upload.storage_upload_id)
        return True


async def _same_file(t: Transaction, planned: StagedUpload, now: datetime) -> StagedUpload | None:
    """Return the owner's unfinished upload that has the same fingerprint."""
    if planned.fingerprint_sha256 is None:
        return None
    known = await t.staged_uploads.by_fingerprint(planned.owner, planned.fingerprint_sha256, now)
    if known is not None and (known.size_bytes, known.head_sha256) != (planned.size_bytes, planned.head_sha256):
        raise FileChanged(
            f"The unfinished upload {known.id} has this fingerprint, and is of another file: abort it, or tell this "
            "file apart in another way.",
            field=("fingerprint",),
        )
    return known


def _digest(fingerprint: str | None) -> str | None:
    if fingerprint is None:
        return None
    if not 0 < len(fingerprint) <= _FINGERPRINT_MAX:
        raise InvalidInput(f"A fingerprint has 1 to {_FINGERPRINT_MAX} characters.", field=("fingerprint",))
    return sha256_of(fingerprint.encode("utf-8", "surrogatepass"))


def _to_send(upload: StagedUpload, number: int, md5: str | None) -> PartToSend:
    if not 1 <= number <= upload.part_count:
        raise InvalidInput(f"This upload has parts 1 to {upload.part_count}.", field=("parts", "number"))
    if md5 is not None and not _is_md5(md5):
        raise InvalidInput("An MD5 is 16 bytes in base64, as in Content-MD5.", field=("parts", "md5"))
    return PartToSend(number, upload.size_of(number), md5)


def _is_md5(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _MD5_BYTES
    except (binascii.Error, ValueError):
        return False
