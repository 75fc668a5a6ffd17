"""Where the library's errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from app.domain.errors import StorageError
from app.usecases.ports import ObjectMissing

log = structlog.get_logger(__name__)

S3_FAULTS: Final = (BotoCoreError, ClientError, HTTPError)
"""All that the library raises. Some of its classes are also OSErrors, so they must be caught before those of a disk."""

_MISSING: Final = frozenset({"NoSuchKey", "404"})  # An answer to HEAD has no body, hence no better code.


def fault_code(fault: Exception) -> str:
    """Give the code that the server answered, such as ``NoSuchKey``; empty where there was no answer."""
    return fault.response.get("Error", {}).get("Code", "") if isinstance(fault, ClientError) else ""


@contextmanager
def translated(operation: str, place: str, *, reading: bool = False) -> Iterator[None]:
    """Raise ``StorageError`` for what the library raises inside; the log keeps the cause.

    With ``reading``, an object that is not there is an ``ObjectMissing``. A missing bucket never is one: a video whose
    file is out of reach is not lost.
    """
    try:
        yield
    except S3_FAULTS as fault:
        if reading and fault_code(fault) in _MISSING:
            raise ObjectMissing(place) from None
        log.warning("the storage failed", operation=operation, place=place, fault=repr(fault))
        raise StorageError from fault
