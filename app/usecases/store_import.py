"""From a link to the storage."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, final

from app.domain.container import SNIFF_BYTES, ending_of
from app.domain.errors import QuotaExceeded, StorageError, StorageFull, UnsupportedFileFormat
from app.domain.failure import ImportFailure, ImportFailureCode
from app.domain.staged_upload import HEAD_BYTES
from app.domain.upload_reservation import UploadReservation
from app.domain.video import source_key
from app.domain.video_import import LinkFault, VideoImport, found_name, import_part_size, time_for
from app.usecases.end_import import leave_no_parts
from app.usecases.held_import import HeldImport, ImportLost
from app.usecases.ports.import_sources import ImportSources, SourceAnswer
from app.usecases.ports.storage import ObjectMissing, ObjectStorage, StoredPart
from app.usecases.ports.transactions import Transaction
from app.usecases.quota import StoredInAll, own_max_bytes, stored_bytes

_UNTOLD: Final = 256 * 1024**2
"""Of a file whose link does not say how large it is, so much is admitted at a time."""


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """How large a file may be, what its owner may keep in all, and with how many bytes a second it must come."""

    max_bytes: int
    max_stored_bytes: int | None
    least_rate: int
    slow_seconds: float = 60.0
    """So long its server may be slower than that in waiting alone, before the line is given up for a while."""


@final
@dataclass(frozen=True, slots=True)
class StoreImport:
    """Fetch an import's file into the parts of an object that grows in the storage, and complete it in the end.

    What the storage has of it already is not fetched again, where the link can still tell that content from another.
    What is behind the link is judged by its first bytes before anything is kept, and counted in the quota before it
    comes; where nobody says how large it is, piece by piece.

    :raises LinkFault: for good, or this time
    :raises ImportLost: where the row is no longer ours
    :raises StorageError: where the storage is away; what came is not lost
    """

    storage: ObjectStorage
    sources: ImportSources
    in_all: StoredInAll
    limits: ImportLimits

    async def __call__(self, held: HeldImport) -> int:
        """Return the size of the stored object."""
        row = held.row
        stored = await self._stored(row)
        if stored is None:  # Another completed it, and died before that was recorded.
            found = await self.storage.stat(source_key(row.id))
            return found.size_bytes if found else 0
        size = held.fetched_bytes = sum(part.size_bytes for part in stored)
        if size != row.total_bytes or not stored:
            async with self.sources.open(row.url, size, row.validator if size else None) as answer:
                size = await self._fetch(held, answer, len(stored))
        return await self._completed(held, size)

    async def _stored(self, row: VideoImport) -> Sequence[StoredPart] | None:
        """Return the parts with which it is gone on; None where the object is there."""
        if row.storage_upload_id is None or row.part_size_bytes is None:
            return ()
        try:
            parts = await self.storage.parts(source_key(row.id), row.storage_upload_id)
        except ObjectMissing:
            whole = await self.storage.stat(source_key(row.id))
            return None if whole is not None and row.total_bytes in {None, whole.size_bytes} else ()
        if row.validator is None:
            return ()
        if sum(part.size_bytes for part in parts) == row.total_bytes:
            return parts
        kept: list[StoredPart] = []
        for part in parts:
            if (part.number, part.size_bytes) != (len(kept) + 1, row.part_size_bytes):
                break
            kept.append(part)
        return kept

    async def _fetch(self, held: HeldImport, answer: SourceAnswer, parts: int) -> int:
        have = held.fetched_bytes
        body = _Body(answer.chunks, self.limits)
        if have:
            if held.row.total_bytes is not None and answer.total_bytes not in {None, held.row.total_bytes}:
                raise LinkFault(ImportFailure.of(ImportFailureCode.LINK_CHANGED))
            await body.skip(have - answer.starts_at)
        else:
            await self._begin(held, answer, await body.head(HEAD_BYTES))
        await self._send(held, body, parts)
        if held.row.total_bytes not in {None, held.fetched_bytes}:
            sentence = "The server behind this link sent another number of bytes than it had said."
            raise LinkFault(ImportFailure(ImportFailureCode.LINK_UNREACHABLE, sentence), passing=True)
        return held.fetched_bytes

    async def _begin(self, held: HeldImport, answer: SourceAnswer, head: bytes) -> None:
        """Judge what comes, take its place in the quota, and begin an object for it."""
        row, total, limits = held.row, answer.total_bytes, self.limits
        if total is not None:
            _check_size(total, limits.max_bytes)
        try:
            ending = ending_of(head[:SNIFF_BYTES])
        except UnsupportedFileFormat as other:
            sentence = f"What is behind this link is not a video. {other.message}"
            raise LinkFault(ImportFailure(ImportFailureCode.NOT_A_VIDEO, sentence)) from None
        key, most = source_key(row.id), limits.max_bytes if total is None else total
        if row.attempt > 1:  # Nothing of before can be gone on with.
            await leave_no_parts(self.storage, row, held.clock.now())
        self._check_room(_UNTOLD if total is None else total)
        upload, held.came_before = await self.storage.begin_parts(key, "application/octet-stream"), 0
        ends_at = row.ends_at if total is None else held.clock.now() + time_for(total, limits.least_rate)
        try:
            await self._take(
                held,
                min(_UNTOLD, most) if total is None else total,
                file_name=row.file_name or found_name(answer.file_name, [row.url, answer.link], ending),
                total_bytes=total,
                validator=answer.validator,
                part_size_bytes=import_part_size(most),
                storage_upload_id=upload,
                fetched_bytes=0,
                ends_at=min(row.ends_at, ends_at),
            )
        except BaseException:
            with suppress(StorageError):  # Its end, or housekeeping, aborts what is left.
                await asyncio.shield(self.storage.abort_parts(key, upload))
            raise

    async def _send(self, held: HeldImport, body: "_Body", number: int) -> None:
        """Send all that comes in parts, while the next one is read."""
        size, upload = held.row.part_size_bytes or 0, held.row.storage_upload_id or ""
        admitted = held.row.total_bytes or -(-max(1, held.fetched_bytes) // _UNTOLD) * _UNTOLD
        key, buffer, sending = source_key(held.row.id), bytearray(), None
        try:
            async for chunk in body:
                buffer += chunk
                _check_size(held.fetched_bytes + len(chunk), self.limits.max_bytes)
                held.fetched_bytes += len(chunk)
                while len(buffer) >= size:
                    number += 1
                    await _ended(held, sending)
                    part = bytes(memoryview(buffer)[:size])
                    del buffer[:size]
                    sending = asyncio.create_task(self.storage.put_part(key, upload, number, part))
                while held.fetched_bytes > admitted:
                    if held.row.total_bytes is not None:
                        break  # Its end is not what was said, which is said there.
                    admitted += _UNTOLD
                    self._check_room(_UNTOLD)
                    await self._take(held, min(admitted, self.limits.max_bytes))
            await _ended(held, sending)
            if buffer:
                sending = asyncio.create_task(self.storage.put_part(key, upload, number + 1, bytes(buffer)))
                await _ended(held, sending)
        except BaseException:
            if sending is not None:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            raise

    async def _completed(self, held: HeldImport, size: int) -> int:
        key, upload = source_key(held.row.id), held.row.storage_upload_id or ""
        parts = await self.storage.parts(key, upload)
        if sum(part.size_bytes for part in parts) != size:
            raise StorageError
        await self.storage.complete_parts(key, upload, parts)
        found = await self.storage.stat(key)
        if found is None or found.size_bytes != size:
            raise StorageError
        return size

    def _check_room(self, coming_bytes: int) -> None:
        try:
            self.storage.check_room(coming_bytes)
        except StorageFull:
            raise LinkFault(ImportFailure.of(ImportFailureCode.STORAGE_FULL)) from None

    async def _take(self, held: HeldImport, size_bytes: int, **known: object) -> None:
        """Let it count with so many bytes from now on, in the transaction that stores what else is known."""

        async def step(t: Transaction) -> None:
            owner, now = await t.users.lock(held.row.owner), held.clock.now()
            reservation = await t.reservations.get(held.row.id)
            if owner is None or reservation is None:
                raise ImportLost
            most = own_max_bytes(owner, self.limits.max_stored_bytes)
            if most is not None and await stored_bytes(t, owner.id, now) + _more(reservation, size_bytes) > most:
                raise LinkFault(ImportFailure.of(ImportFailureCode.QUOTA_EXCEEDED))
            await t.reservations.declare(held.row.id, size_bytes)

        try:
            await self.in_all.check(size_bytes - held.fetched_bytes)
        except QuotaExceeded:
            raise LinkFault(ImportFailure.of(ImportFailureCode.STORAGE_FULL)) from None
        await held.change(step, **known)


def _more(reservation: UploadReservation, size_bytes: int) -> int:
    return size_bytes - (reservation.declared_bytes or 0)


def _check_size(size_bytes: int, most: int) -> None:
    if size_bytes > most:
        sentence = f"The file behind this link is too large: {most // 1024**2} MiB are allowed."
        raise LinkFault(ImportFailure(ImportFailureCode.FILE_TOO_LARGE, sentence))


async def _ended(held: HeldImport, sending: "asyncio.Task[None] | None") -> None:
    if sending is not None:
        await sending
        held.parts_sent += 1


@final
class _Body:
    """The chunks of an answer, with a look ahead; a server that lets us wait too long for them is given up."""

    def __init__(self, chunks: AsyncIterator[bytes], limits: ImportLimits) -> None:
        self._chunks = chunks
        self._limits = limits
        self._ahead = b""
        self._waited = 0.0
        self._came = 0

    async def head(self, length: int) -> bytes:
        """Look at the first bytes without consuming them."""
        while len(self._ahead) < length and (chunk := await self._next()):
            self._ahead += chunk
        return self._ahead[:length]

    async def skip(self, length: int) -> None:
        """Pass over what is known already, where a server begins again at its first byte."""
        while length > 0 and (chunk := await self._next()):
            self._ahead = chunk[length:]
            length -= len(chunk)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._ahead:
            yield self._ahead
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        """Return the next chunk, empty at the end; only the time for which we wait counts."""
        now = asyncio.get_running_loop().time
        began = now()
        chunk = await anext(self._chunks, b"")
        self._waited += now() - began
        self._came += len(chunk)
        if self._waited >= self._limits.slow_seconds:
            if self._came < self._limits.least_rate * self._waited:
                sentence = (
                    f"The file behind this link came with less than {self._limits.least_rate // 1024} KiB a second."
                )
                raise LinkFault(ImportFailure(ImportFailureCode.TIMED_OUT, sentence), passing=True)
            self._waited, self._came = 0.0, 0
        return chunk
