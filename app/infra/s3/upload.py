"""A new object that goes to the bucket while it grows."""

import asyncio
import threading
from asyncio import CancelledError, Future
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import RawIOBase
from mmap import mmap
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar, cast, final

import structlog

from app.domain.errors import StorageError
from app.infra.s3.disk import Space
from app.infra.s3.faults import S3_FAULTS, passed_over, translated
from app.infra.s3.tries import Tries
from app.infra.threads import Threads, wait_uncancelled

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

log = structlog.get_logger(__name__)

T = TypeVar("T")

MIB: Final = 1024**2
PARTS_IN_FLIGHT: Final = 2
"""With the part that is being filled, an upload holds at most one part more than this in memory."""

_SCHEDULE: Final = ((600, 5 * MIB), (5_000, 16 * MIB), (10_000, 64 * MIB))


def part_size(number: int) -> int:
    """Return the bytes of the part with this number, from 1: 5 MiB, then 16, then 64.

    S3 allows 10,000 parts, of 5 MiB at least. The first 600 carry 2.9 GiB, those to the 5000th bring it to 71 GiB and
    the rest to 384 GiB, so an upload of any size that we allow fits, and what comes in one request, 2 GiB at most,
    never holds more than 15 MiB in memory.
    """
    return next((size for last, size in _SCHEDULE if number <= last), _SCHEDULE[-1][1])


def abort_upload(client: "S3Client", bucket: str, key: str, upload_id: str) -> None:
    """End an upload, in the calling thread; it may have ended by itself."""
    with passed_over("NoSuchUpload"):
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)


class _GivenUp(Exception):
    """The upload was aborted while this part was under way."""


@final
class _Part(RawIOBase):
    """A part's bytes, read by the client in small blocks; reading fails once the upload is given up.

    Its memory is the system's own and goes back to it as a whole: buffers of some megabytes that come and go would tear
    holes into the heap, which then keeps growing.
    """

    def __init__(self, largest: int, given_up: threading.Event) -> None:
        super().__init__()
        self._memory = mmap(-1, largest)
        self._given_up = given_up
        self._at = 0
        self.size = 0

    def append(self, data: memoryview) -> None:
        """Add bytes at the end; there must be room."""
        self._memory[self.size : self.size + len(data)] = data
        self.size += len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = offset + (0, self._at, self.size)[whence]
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        if self._given_up.is_set():
            raise _GivenUp
        count = max(0, min(len(buffer), self.size - self._at))
        buffer[:count] = self._memory[self._at : self._at + count]
        self._at += count
        return count


@final
@dataclass(slots=True, eq=False)
class Upload:
    """An ``ObjectWriter``. What fits into one part is put at once; else a multipart upload begins with the first part.

    Each request that meets a passing fault is made again for ``retry_seconds``. A failed or cancelled ``write`` has
    lost bytes, so that nothing but ``abort`` can follow.
    """

    client: "S3Client"
    threads: Threads
    bucket: str
    key: str
    content_type: str
    space: Space
    retry_seconds: float
    _given_up: threading.Event = field(default_factory=threading.Event, init=False)
    _part: _Part = field(init=False)
    _size: int = field(default=0, init=False)
    _number: int = field(default=0, init=False)
    _upload_id: str | None = field(default=None, init=False)
    _in_flight: dict["Future[CompletedPartTypeDef]", int] = field(default_factory=dict, init=False)
    _ended: list["CompletedPartTypeDef"] = field(default_factory=list, init=False)
    _broken: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._part = _Part(part_size(1), self._given_up)

    @property
    def buffered(self) -> int:
        """The part that is being filled, and those that are on their way."""
        return self._part.size + sum(size for part, size in self._in_flight.items() if not part.done())

    async def write(self, data: bytes | memoryview) -> None:
        """Take the bytes; waits while as many parts are in flight as may be."""
        if self._broken:
            raise StorageError
        rest = memoryview(data).cast("B")
        self._size += len(rest)
        while rest:
            size = part_size(self._number + 1)
            room = size - self._part.size
            self._part.append(rest[:room])
            rest = rest[room:]
            if self._part.size == size:
                await self._send_part()

    async def complete(self) -> None:
        """Make the object visible, and see that it has the size that was written."""
        if self._broken:
            raise StorageError
        with translated("complete upload", self.key):
            if self._upload_id is None:
                await self._done(self._put)
            else:
                if self._part.size:
                    await self._send_part()
                await self._settle(at_most=0)
                await self._done(self._complete)
            stored = await self._done(self._stored_size)
        if stored != self._size:
            log.error("an object has a wrong size", key=self.key, size=stored, expected=self._size)
            raise StorageError

    async def abort(self, fault: BaseException) -> None:
        """End the parts in flight, then the upload; a cancellation, or ``fault`` if it is one, is passed on after that.

        A storage that says nothing is not waited for then: what is left of the upload is housekeeping's.
        """
        self._broken = True
        self._given_up.set()
        cancelled = fault if isinstance(fault, CancelledError) else None
        await wait_uncancelled(asyncio.ensure_future(self._abort()), cancelled=cancelled)

    async def _abort(self) -> None:
        await asyncio.gather(*self._in_flight, return_exceptions=True)
        if self._upload_id is None:
            return
        try:
            await self.threads.start(partial(abort_upload, self.client, self.bucket, self.key, self._upload_id))
        except S3_FAULTS as fault:
            log.warning("an upload is left for housekeeping to abort", key=self.key, fault=repr(fault))

    async def _send_part(self) -> None:
        part, self._part = self._part, _Part(part_size(self._number + 2), self._given_up)
        self._broken = True  # Unless this comes to its end, the part is lost.
        self.space(1)
        with translated("upload part", self.key):
            if self._upload_id is None:
                await self._done(self._create)
            await self._settle(at_most=PARTS_IN_FLIGHT - 1)
        self._number += 1
        self._in_flight[self.threads.start(partial(self._tried, partial(self._put_part, self._number, part)))] = (
            part.size
        )
        self._broken = False

    async def _settle(self, at_most: int) -> None:
        """Wait until no more than so many parts are in flight; raises what went wrong with any that ended."""
        while len(self._in_flight) > at_most:
            ended, _ = await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
            for part in ended:
                del self._in_flight[part]
            if faults := [fault for part in ended if (fault := part.exception()) is not None]:
                raise faults[0]
            self._ended += [part.result() for part in ended]

    async def _done(self, call: Callable[[], T]) -> T:
        return await wait_uncancelled(self.threads.start(partial(self._tried, call)), self._given_up.set)

    # What follows runs in the storage's threads.

    def _tried(self, call: Callable[[], T]) -> T:
        tries = Tries(self.retry_seconds, self._given_up, self.key)
        while True:
            try:
                return call()
            except S3_FAULTS as fault:
                if not tries.again(fault):
                    raise

    def _put(self) -> None:
        self._part.seek(0)
        self.client.put_object(
            Bucket=self.bucket, Key=self.key, Body=cast("IO[bytes]", self._part), ContentType=self.content_type
        )

    def _create(self) -> None:
        created = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.key, ContentType=self.content_type)
        self._upload_id = created["UploadId"]

    def _put_part(self, number: int, part: _Part) -> "CompletedPartTypeDef":
        if self._upload_id is None or self._given_up.is_set():
            raise _GivenUp
        part.seek(0)
        stored = self.client.upload_part(
            Bucket=self.bucket,
            Key=self.key,
            UploadId=self._upload_id,
            PartNumber=number,
            Body=cast("IO[bytes]", part),
        )
        return {"PartNumber": number, "ETag": stored["ETag"]}

    def _complete(self) -> None:
        parts = sorted(self._ended, key=lambda part: part["PartNumber"])
        # A second try, after an answer that was lost, no longer finds what the first completed.
        with passed_over("NoSuchUpload"):
            self.client.complete_multipart_upload(
                Bucket=self.bucket, Key=self.key, UploadId=self._upload_id or "", MultipartUpload={"Parts": parts}
            )

    def _stored_size(self) -> int:
        return self.client.head_object(Bucket=self.bucket, Key=self.key)["ContentLength"]
