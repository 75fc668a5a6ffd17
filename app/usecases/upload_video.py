import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

from app.domain.batch import BatchId
from app.domain.container import SNIFF_BYTES, check_container, checked_file_name
from app.domain.errors import IdempotencyConflict, RateLimited, UnsupportedFileFormat, UploadIncomplete
from app.domain.options import ExtractionOptions, asked
from app.domain.session import Viewer
from app.domain.upload_reservation import AcceptedUpload, UploadReservation
from app.domain.video import VideoProcessing, new_video_id, source_key
from app.usecases.accept_upload import AcceptUpload
from app.usecases.join_batch import check_room_in, joining, options_for
from app.usecases.notifications import NotificationUseCases
from app.usecases.planned_upload import PlannedUpload, check_idempotency_key, check_size
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.quota import Quota, StoredInAll
from app.usecases.sessions import locked_user

RESERVATION_LEASE: Final = timedelta(seconds=60)
"""An upload whose server died gives its place and its idempotency key back after so long."""
_TWIN_POLL: Final = 0.25


@dataclass(frozen=True, slots=True)
class IncomingVideo:
    """A file on its way in: ``chunks`` can be read once and raises ``UploadIncomplete`` where the client goes away.

    ``declared_bytes`` is what the client says the whole is, at most; None where it does not say.
    """

    file_name: str
    declared_bytes: int | None
    chunks: AsyncIterator[bytes]
    keeps: Callable[[int], None] = lambda _: None
    """Is told, whenever bytes were taken, how many of all that were are still in memory."""


@final
@dataclass(frozen=True, slots=True)
class UploadVideo:
    """Keep the file that a user sends, then promise to process it.

    First a reservation holds a place in the quota and names the object, before a byte of the body is read. Then the
    file goes to the storage. Then the reservation becomes a Pending row (``AcceptUpload``), and only then the user is
    told. Nothing stored is ever deleted here, since it may belong to a promise: housekeeping removes what no row and no
    reservation names.

    :raises AccountDisabled: by an operator
    :raises BatchNotFound: where the viewer has no such batch, or it is being deleted
    :raises UnsupportedFileFormat: by name or content
    :raises FileTooLarge: as soon as it is known
    :raises QuotaExceeded: too many videos unfinished, or too many bytes stored
    :raises IdempotencyConflict: the key was used for another request
    :raises RateLimited: a request with the same key is still under way
    :raises UploadIncomplete: the client went away, or was silent so long that its reservation ran out
    :raises AcceptanceUnknown: the database went away when it was asked to keep the promise
    :raises StorageError: nothing was promised
    """

    transactions: Transactions
    storage: ObjectStorage
    clock: Clock
    quota: Quota
    in_all: StoredInAll
    accept: AcceptUpload
    notifications: NotificationUseCases
    max_bytes: int
    twin_wait_seconds: float = 10.0

    async def __call__(
        self,
        viewer: Viewer,
        upload: IncomingVideo,
        options: ExtractionOptions | None = None,
        idempotency_key: str | None = None,
        batch: BatchId | None = None,
    ) -> VideoProcessing:
        """Without ``options`` those of the batch apply, if it has any, else the usual ones."""
        name = checked_file_name(upload.file_name)
        check_idempotency_key(idempotency_key)
        check_size(upload.declared_bytes or 0, self.max_bytes)
        # Who does not say how much will come may send as much as may be.
        coming = self.max_bytes if upload.declared_bytes is None else upload.declared_bytes
        applied = await options_for(self.transactions, viewer, options, batch)
        admitted = await self._admit(viewer, coming, idempotency_key, batch)
        if isinstance(admitted, AcceptedUpload):
            return await self._repeat(admitted, upload, lambda sha256: _request_digest(name, applied, sha256, batch))
        try:
            size, digest = await self._store_in_its_room(admitted, coming, name, upload)
        except UnsupportedFileFormat as refused:
            await self._give_up(admitted)
            await self.notifications.tell_of_rejection(viewer, name, refused)
            raise
        except BaseException:
            await asyncio.shield(self._give_up(admitted))
            raise
        return await self.accept(
            VideoProcessing(
                id=admitted.id,
                owner=admitted.owner,
                original_file_name=name,
                size_bytes=size,
                source_key=admitted.source_key,
                options=applied,
                created_at=self.clock.now(),
            ),
            _request_digest(name, applied, digest, batch),
            admitted.idempotency_key,
            joining(admitted.owner, batch, admitted.id),
        )

    async def check(self, viewer: Viewer, file: PlannedUpload) -> None:
        """Refuse what would be refused, before anything large is on its way.

        A refusal in the midst of a body reaches few clients: browsers report that the connection was lost, and send the
        whole file once more. Nothing is kept or promised here, and all of it is looked at again when the file comes.

        It raises what ``PlannedUpload.checked`` does, and what the store and the quota say:

        :raises QuotaExceeded: where the viewer has too many videos unfinished, or too many bytes
        :raises StorageFull: where the disk under the storage is full
        """
        file.checked(self.max_bytes)
        if not await self.transactions.read(lambda t: self._is_repeated(t, viewer, file)):
            await self.in_all.check(file.size_bytes)
            self.storage.check_room(file.size_bytes)

    async def _is_repeated(self, t: Transaction, viewer: Viewer, file: PlannedUpload) -> bool:
        """Return whether this is an upload that was accepted; where it is not, check the viewer's quota."""
        # A repeated upload gets the video that the first one made, which may be what fills the quota.
        key = file.idempotency_key
        if key is not None and await t.videos.by_idempotency_key(viewer.id, key) is not None:
            return True
        await self.quota.check(t, viewer.id, self.clock.now(), file.size_bytes)
        return False

    async def _admit(
        self, viewer: Viewer, coming: int, key: str | None, batch: BatchId | None
    ) -> UploadReservation | AcceptedUpload:
        """Take a place in the quota, or find what the same key was used for; wait for a twin under way."""
        new = new_video_id()

        async def step(t: Transaction) -> UploadReservation | AcceptedUpload | None:
            await locked_user(t, viewer)
            now = self.clock.now()
            if key is not None:
                if accepted := await t.videos.by_idempotency_key(viewer.id, key):
                    return accepted
                if twin := await t.reservations.by_idempotency_key(viewer.id, key):
                    if twin.expires_at > now:
                        return None
                    await t.reservations.remove(twin.id)
            await self.quota.check(t, viewer.id, now, coming)
            await check_room_in(t, batch)
            reservation = UploadReservation(new, viewer.id, source_key(new), key, coming, now + RESERVATION_LEASE)
            await t.reservations.add(reservation)
            return reservation

        deadline = asyncio.get_running_loop().time() + self.twin_wait_seconds
        while (admitted := await self.transactions.write(step)) is None:
            if asyncio.get_running_loop().time() > deadline:
                raise RateLimited("The same upload is still under way; ask again later.", retry_after_seconds=10)
            await asyncio.sleep(_TWIN_POLL)
        return admitted

    async def _store_in_its_room(
        self, reservation: UploadReservation, coming: int, name: str, upload: IncomingVideo
    ) -> tuple[int, str]:
        """Store it as ``_store`` does, where the service has room for as much as may come."""
        await self.in_all.take(coming)
        unused = coming
        try:
            size, digest = await self._store(reservation, name, upload)
            unused -= size
        finally:
            self.in_all.give_back(unused)
        return size, digest

    async def _store(self, reservation: UploadReservation, name: str, upload: IncomingVideo) -> tuple[int, str]:
        """Stream the file to the storage; give its size in bytes and its SHA-256 in hex."""
        body = _Body(upload.chunks, self.max_bytes)
        head = await body.head(SNIFF_BYTES)
        check_container(name, head)
        extend_at = self.clock.now() + RESERVATION_LEASE / 4
        async with self.storage.writer(reservation.source_key, "application/octet-stream") as writer:
            async for chunk in body:
                await writer.write(chunk)
                upload.keeps(writer.buffered)
                if (now := self.clock.now()) > extend_at:
                    extend_at = now + RESERVATION_LEASE / 4
                    await self._extend(reservation, now)
        return body.size, body.digest

    async def _extend(self, reservation: UploadReservation, now: datetime) -> None:
        try:
            held = await self.transactions.write(
                lambda t: t.reservations.extend(reservation.id, now + RESERVATION_LEASE)
            )
        except DatabaseUnavailable:
            return  # The next extension, or the acceptance at the end, decides.
        if not held:
            raise UploadIncomplete

    async def _give_up(self, reservation: UploadReservation) -> None:
        with suppress(DatabaseUnavailable):  # It expires by itself.
            await self.transactions.write(lambda t: t.reservations.remove(reservation.id))

    async def _repeat(
        self, accepted: AcceptedUpload, upload: IncomingVideo, request_digest: Callable[[str], str]
    ) -> VideoProcessing:
        """Read a repeated request to its end without keeping it: only the same bytes get the same answer."""
        body = _Body(upload.chunks, self.max_bytes)
        async for _ in body:
            pass
        if request_digest(body.digest) != accepted.request_digest:
            raise IdempotencyConflict(field=("idempotencyKey",))
        return accepted.video


class _Body:
    """The chunks of an upload, counted, hashed and bounded as they pass."""

    def __init__(self, chunks: AsyncIterator[bytes], max_bytes: int) -> None:
        self._chunks = chunks
        self._max_bytes = max_bytes
        self._ahead = b""
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    async def head(self, length: int) -> bytes:
        """Look at the first bytes without consuming them."""
        while len(self._ahead) < length:
            chunk = await anext(self._chunks, b"")
            if not chunk:
                break
            self._ahead += chunk
        return self._ahead[:length]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._ahead:
            yield await self._seen(self._ahead)
        async for chunk in self._chunks:
            yield await self._seen(chunk)

    async def _seen(self, chunk: bytes) -> bytes:
        self.size += len(chunk)
        check_size(self.size, self._max_bytes)
        self._hash.update(chunk)
        return chunk


def _request_digest(name: str, options: ExtractionOptions, content_sha256: str, batch: BatchId | None) -> str:
    """Distinguish two requests by all that they ask for: the same key with another digest is a conflict."""
    request = [name, asked(options), content_sha256, *([batch] if batch else [])]
    return hashlib.sha256(json.dumps(request).encode()).hexdigest()
