"""An object's bytes, as a thread reads them."""

import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError, IncompleteReadError

from app.infra.s3.faults import S3_FAULTS, fault_code
from app.infra.s3.tries import Tries

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, GetObjectRequestTypeDef

PIECE_BYTES: Final = 256 * 1024
_FRUIT_BYTES: Final = 1024**2
"""An answer that brings less than this before it breaks off has not got on."""


class Stopped(Exception):
    """The reading was given up."""


def pieces(
    client: "S3Client", bucket: str, key: str, start: int, end: int | None, tries: Tries
) -> Generator[bytes, None, None]:
    """Yield the bytes from start to end (exclusive), as far as there are any.

    An answer that breaks off is asked for again from where it broke off, of the same object or not at all, so that the
    loss of a connection costs no gigabytes. Raises what the library raises, also where the answers stay too short for
    as long as there are tries, and ``Stopped`` once those are told to stop.
    """
    etag, last = "", -1
    tries.begin()
    while end is None or start < end:
        asked_at = start
        try:
            answer = _get(client, bucket, key, start, end, etag)
            if answer is None:
                if etag:
                    _check_end(start, last)
                return
            if not etag:
                etag, last = answer["ETag"], start + answer["ContentLength"]
            with closing(answer["Body"]) as body:
                while piece := body.read(PIECE_BYTES):
                    start += len(piece)
                    _go_on(tries)
                    yield piece
                _check_end(start, last)
        except S3_FAULTS as fault:
            if start - asked_at >= _FRUIT_BYTES:
                tries.begin()
            again = tries.again(fault)
            _go_on(tries)
            if not again:
                raise
        else:
            return


def _get(
    client: "S3Client", bucket: str, key: str, start: int, end: int | None, etag: str
) -> "GetObjectOutputTypeDef | None":
    """Ask for a range, of the object with this ETag if one is given; None where the range is beyond the end."""
    wanted: GetObjectRequestTypeDef = {
        "Bucket": bucket,
        "Key": key,
        "Range": f"bytes={start}-{'' if end is None else end - 1}",
    }
    if etag:
        wanted["IfMatch"] = etag
    try:
        return client.get_object(**wanted)
    except ClientError as fault:
        if fault_code(fault) == "InvalidRange":
            return None
        raise


def _check_end(at: int, last: int) -> None:
    if at != last:
        raise IncompleteReadError(actual_bytes=at, expected_bytes=last)


def _go_on(tries: Tries) -> None:
    if tries.stop.is_set():
        raise Stopped


def save(content: Generator[bytes, None, None], to: Path) -> None:
    """Write the content to a file that only we may read (mode 0600); a file that is not whole does not stay."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with closing(content), open(os.open(to, flags, 0o600), "wb") as file:  # noqa: PTH123 - a path cannot be opened with a mode
            os.fchmod(file.fileno(), 0o600)  # It may have been there before.
            file.writelines(content)  # One by one, as they come.
    except BaseException:
        to.unlink(missing_ok=True)
        raise
