"""The port ``ObjectStorage`` on S3."""

import threading
from collections.abc import AsyncIterator, Collection, Generator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast, final

import structlog
from botocore.exceptions import ClientError

from app.domain.errors import StorageError
from app.infra.s3.disk import Durable, Space, at_once, endless
from app.infra.s3.download import pieces, save
from app.infra.s3.faults import fault_code, passed_over, translated
from app.infra.s3.parts import begun_parts, completed, sent_part, stored_parts
from app.infra.s3.tries import Tries
from app.infra.s3.upload import Upload, abort_upload
from app.infra.threads import Threads, wait_uncancelled
from app.infra.traces import span
from app.usecases.ports.storage import ObjectMissing, ObjectWriter, StoredObject, StoredPart

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_s3.type_defs import CreateBucketRequestTypeDef, MultipartUploadTypeDef

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 10.0
"""Of who has a client waiting."""
_DELETE_BATCH: Final = 1000  # DeleteObjects takes no more.


@final
class S3Storage:
    """One bucket, through a client that blocks, in ``threads`` threads of its own; ``aclose`` ends both.

    What is written and read meets passing faults for ``retry_seconds`` before it fails.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        *,
        region: str,
        threads: int,
        retry_seconds: float = RETRY_SECONDS,
        space: Space = endless,
        durable: Durable = at_once,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._region = region
        self._threads = Threads(threads, "s3")
        self._retry_seconds = retry_seconds
        self._space = space
        self._durable = durable

    async def aclose(self) -> None:
        """Wait for the calls under way, but not for a storage that says nothing; then close the connections."""
        await self._threads.aclose()
        self._client.close()

    async def ensure_bucket(self) -> None:
        """Make the bucket if there is none; who may only use one that is there needs no leave to make any."""
        with translated("head bucket", self._bucket):
            try:
                await self._threads.start(partial(self._client.head_bucket, Bucket=self._bucket))
            except ClientError as fault:
                if fault_code(fault) == "404":
                    await self._create_bucket()
        await self.ping()  # One of the same name may be another's.

    async def _create_bucket(self) -> None:
        wanted: CreateBucketRequestTypeDef = {"Bucket": self._bucket}
        if self._region != "us-east-1":  # Which must not be named.
            region = cast("BucketLocationConstraintType", self._region)
            wanted["CreateBucketConfiguration"] = {"LocationConstraint": region}
        with translated("create bucket", self._bucket), passed_over("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            await self._threads.start(partial(self._client.create_bucket, **wanted))

    async def ping(self) -> None:
        """See that the bucket is there and lets us in.

        :raises StorageError: with a sentence for the operator that says what is wrong, where the storage answers
        """
        with translated("ping", self._bucket):
            try:
                await self._threads.start(partial(self._client.head_bucket, Bucket=self._bucket))
            except ClientError as fault:
                url = self._client.meta.endpoint_url
                what = {
                    "404": f"The bucket '{self._bucket}' does not exist at {url}.",
                    "403": f"The storage at {url} refuses these credentials for the bucket '{self._bucket}'.",
                }.get(fault_code(fault))
                if what is None:
                    raise
                raise StorageError(what) from fault

    @asynccontextmanager
    async def writer(self, key: str, content_type: str) -> AsyncIterator[ObjectWriter]:
        """Write an object that appears as a whole or not at all, and that a power cut does not take away any more.

        See ``part_size`` for how much memory that takes. Where the end itself fails or is cancelled, the object may
        have appeared nevertheless.
        """
        self._space(1)
        upload = Upload(self._client, self._threads, self._bucket, key, content_type, self._space, self._retry_seconds)
        try:
            yield upload
            await upload.complete()
            await self._durable()
        except BaseException as fault:
            await upload.abort(fault)
            if isinstance(fault, StorageError):
                self._space(2)  # A disk that is nearly full is why; the server itself calls that an internal error.
            raise

    async def begin_parts(self, key: str, content_type: str) -> str:
        self._space(1)
        with translated("begin parts", key):
            return await self._threads.start(partial(begun_parts, self._client, self._bucket, key, content_type))

    async def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        self._space(1, len(data))
        stop = threading.Event()
        tries = Tries(self._retry_seconds, stop, key)
        with translated("put part", key):
            put = partial(sent_part, self._client, self._bucket, key, upload, number, data, tries)
            await wait_uncancelled(self._threads.start(put), stop.set)

    async def parts(self, key: str, upload: str) -> Sequence[StoredPart]:
        with translated("list parts", key, reading=True):
            return await self._threads.start(partial(stored_parts, self._client, self._bucket, key, upload))

    async def complete_parts(self, key: str, upload: str, parts: Sequence[StoredPart]) -> None:
        with translated("complete parts", key):
            await self._threads.start(partial(completed, self._client, self._bucket, key, upload, parts))
        await self._durable()

    async def abort_parts(self, key: str, upload: str) -> None:
        with translated("abort parts", key):
            await self._threads.start(partial(abort_upload, self._client, self._bucket, key, upload))

    def check_room(self, coming_bytes: int = 0) -> None:
        self._space(1, coming_bytes)

    async def download(self, key: str, to: Path) -> None:
        """Bring an object into a file of mode 0600; a cancellation is passed on once the thread has stopped.

        That is after the next piece; a storage that says nothing is not waited for.
        """
        stop = threading.Event()
        with translated("download", key, reading=True), span("download source"):
            content = self._pieces(key, 0, None, stop)
            await wait_uncancelled(self._threads.start(partial(save, content, to)), stop.set)

    async def stat(self, key: str) -> StoredObject | None:
        try:
            with translated("stat", key, reading=True):
                head = await self._threads.start(partial(self._client.head_object, Bucket=self._bucket, Key=key))
        except ObjectMissing:
            return None
        return StoredObject(key, head["ContentLength"], head["LastModified"].astimezone(UTC))

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        stop = threading.Event()
        content = self._pieces(key, start, end, stop)
        try:
            while True:
                with translated("read", key, reading=True):
                    piece = await wait_uncancelled(self._threads.start(partial(next, content, b"")), stop.set)
                if not piece:
                    return
                yield piece
        finally:
            stop.set()
            with suppress(ValueError):  # It runs still, in a thread that was left to itself and ends by ``stop``.
                content.close()

    def _pieces(self, key: str, start: int, end: int | None, stop: threading.Event) -> Generator[bytes, None, None]:
        return pieces(self._client, self._bucket, key, start, end, Tries(self._retry_seconds, stop, key))

    async def delete(self, keys: Collection[str]) -> None:
        """Delete them all, by the thousand; one that is not there is no error."""
        todo = sorted(keys)
        for at in range(0, len(todo), _DELETE_BATCH):
            batch = todo[at : at + _DELETE_BATCH]
            with translated("delete", batch[0]):
                answer = await self._threads.start(
                    partial(
                        self._client.delete_objects,
                        Bucket=self._bucket,
                        Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
                    )
                )
            if left := [error for error in answer.get("Errors", ()) if error.get("Code") != "NoSuchKey"]:
                log.warning("the storage failed", operation="delete", place=left[0].get("Key"), fault=left[0])
                raise StorageError

    async def list(self, prefix: str, after: str = "") -> AsyncIterator[StoredObject]:
        listing = self._client.get_paginator("list_objects_v2")
        pages = iter(listing.paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after))
        while True:
            with translated("list", prefix):
                page = await self._threads.start(partial(next, pages, None))
            if page is None:
                return
            for found in page.get("Contents", ()):
                yield StoredObject(found["Key"], found["Size"], found["LastModified"].astimezone(UTC))

    async def unfinished_writes(self, prefix: str, older_than: datetime) -> Sequence[tuple[str, datetime]]:
        with translated("list writes", prefix):
            old = await self._threads.start(partial(self._unfinished, prefix, older_than))
        return [(upload["Key"], upload["Initiated"].astimezone(UTC)) for upload in old]

    async def abort_writes(self, prefix: str, older_than: datetime) -> int:
        with translated("abort writes", prefix):
            old = await self._threads.start(partial(self._unfinished, prefix, older_than))
            for upload in old:
                await self._threads.start(
                    partial(abort_upload, self._client, self._bucket, upload["Key"], upload["UploadId"])
                )
        return len(old)

    def _unfinished(self, prefix: str, older_than: datetime) -> "Sequence[MultipartUploadTypeDef]":
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=prefix)
        uploads = (upload for page in pages for upload in page.get("Uploads", ()))
        return [upload for upload in uploads if upload["Initiated"] < older_than]
