"""Where the library's errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from app.domain.errors import StorageError, StorageFull
from app.usecases.ports.storage import ObjectMissing

log = structlog.get_logger(__name__)

S3_FAULTS: Final = (BotoCoreError, ClientError, HTTPError)
"""All that the library raises. Some of its classes are also OSErrors, so they must be caught before those of a disk."""

_MISSING: Final = frozenset(
    {"NoSuchKey", "NoSuchUpload", "404"}
)  # An answer to HEAD has no body, hence no better code.


_FULL: Final = frozenset({"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded"})
_INSUFFICIENT_STORAGE: Final = 507
"""How servers other than Amazon's say that they, or a bucket's quota, are full."""


def is_full(fault: Exception) -> bool:
    """Whether the server says that somebody has to make room."""
    status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(fault, ClientError) else 0
    return fault_code(fault) in _FULL or status == _INSUFFICIENT_STORAGE


def fault_code(fault: Exception) -> str:
    """Return the code that the server answered, such as ``NoSuchKey``; empty where there was no answer."""
    return fault.response.get("Error", {}).get("Code", "") if isinstance(fault, ClientError) else ""


@contextmanager
def passed_over(*codes: str) -> Iterator[None]:
    """Bear that the server answers with one of these codes."""
    try:
        yield
    except ClientError as fault:
        if fault_code(fault) not in codes:
            raise


@contextmanager
def translated(operation: str, place: str, *, reading: bool = False) -> Iterator[None]:
    """Raise ``StorageError``, or ``StorageFull``, for what the library raises inside; the log keeps the cause.

    With ``reading``, an object that is not there is an ``ObjectMissing``. A missing bucket never is one: a video whose
    file is out of reach is not lost.
    """
    try:
        yield
    except S3_FAULTS as fault:
        if reading and fault_code(fault) in _MISSING:
            raise ObjectMissing(place) from None
        if is_full(fault):
            # Where that was in our code says nothing.
            log.error("the storage is full", operation=operation, place=place, fault=repr(fault))  # noqa: TRY400
            raise StorageFull from fault
        log.warning("the storage failed", operation=operation, place=place, fault=repr(fault))
        raise StorageError from fault
