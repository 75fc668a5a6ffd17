"""Films in buckets that are not ours, at the same storage, from which an operator lets users import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, final

from botocore.exceptions import ClientError

from app.domain.failure import ImportFailure, ImportFailureCode
from app.domain.video_import import LinkFault, object_of
from app.infra.s3.download import PIECE_BYTES
from app.infra.s3.faults import S3_FAULTS, fault_code
from app.infra.threads import Threads, wait_uncancelled
from app.usecases.ports.import_sources import ImportSources, SourceAnswer

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

_CHANGED: Final = frozenset({"PreconditionFailed", "InvalidRange"})


@final
class BucketSources:
    """Reads objects through a client that blocks, in ``threads`` threads of its own; ``aclose`` ends both."""

    def __init__(self, client: "S3Client", *, threads: int) -> None:
        self._client = client
        self._threads = Threads(threads, "imports")

    async def aclose(self) -> None:
        """Wait for the calls under way, but not for a storage that says nothing."""
        await self._threads.aclose()
        self._client.close()

    @asynccontextmanager
    async def open(self, link: str, start: int = 0, validator: str | None = None) -> AsyncIterator[SourceAnswer]:
        """See the port."""
        bucket, key = object_of(link) or ("", "")
        try:
            answer = await wait_uncancelled(self._threads.start(partial(self._get, bucket, key, start, validator)))
        except S3_FAULTS as fault:
            raise _told(fault) from fault
        body = answer["Body"]
        try:
            yield SourceAnswer(link, start, start + answer["ContentLength"], answer["ETag"], None, self._chunks(body))
        finally:
            body.close()

    def _get(self, bucket: str, key: str, start: int, validator: str | None) -> "GetObjectOutputTypeDef":
        wanted: GetObjectRequestTypeDef = {"Bucket": bucket, "Key": key}
        if start and validator:
            wanted |= {"Range": f"bytes={start}-", "IfMatch": validator}
        return self._client.get_object(**wanted)

    async def _chunks(self, body: "StreamingBody") -> AsyncIterator[bytes]:
        while True:
            try:
                piece = await wait_uncancelled(self._threads.start(partial(body.read, PIECE_BYTES)), body.close)
            except S3_FAULTS as fault:
                raise _told(fault) from fault
            if not piece:
                return
            yield piece


@final
class LinkSources:
    """Both: what a link leads to by its scheme."""

    def __init__(self, web: ImportSources, buckets: ImportSources) -> None:
        self._web = web
        self._buckets = buckets

    @asynccontextmanager
    async def open(self, link: str, start: int = 0, validator: str | None = None) -> AsyncIterator[SourceAnswer]:
        """See the port."""
        of = self._buckets if object_of(link) else self._web
        async with of.open(link, start, validator) as answer:
            yield answer


def _told(fault: Exception) -> LinkFault:
    if fault_code(fault) in _CHANGED:
        return LinkFault(ImportFailure.of(ImportFailureCode.LINK_CHANGED))
    status = (
        fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(fault, ClientError) else 0
    )
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        sentence = f"The storage does not give this object ({fault_code(fault)})."
        return LinkFault(ImportFailure(ImportFailureCode.LINK_REFUSED, sentence))
    return LinkFault(ImportFailure.of(ImportFailureCode.LINK_UNREACHABLE), passing=True)
