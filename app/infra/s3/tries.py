"""A call that meets a passing fault is made again, for a while."""

import threading
import time
from typing import Final, final

import structlog
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError  # noqa: A004 - the library's own name
from urllib3.exceptions import HTTPError

from app.domain.backoff import Backoff, jittered
from app.infra.s3.faults import is_full

log = structlog.get_logger(__name__)

_BACKOFF: Final = Backoff(first=0.2, longest=2)
_OF_THE_LINE: Final = (ConnectionError, HTTPClientError, HTTPError, IncompleteReadError)
_COME_AGAIN: Final = frozenset({408, 429})
_SERVER_ERRORS: Final = 500


@final
class Tries:
    """How often one call is made: again and again for ``seconds`` after ``begin``, until it is told to stop.

    The client itself makes three tries within three seconds, which bridges a lost packet but no restart of a server or
    of a router. What has been done before the call, as gigabytes of parts, is worth more patience than that.
    """

    def __init__(self, seconds: float, stop: threading.Event, key: str) -> None:
        self._seconds = seconds
        self.stop: Final = stop
        self._key = key
        self.begin()

    def begin(self) -> None:
        """Count from now: this is the first try, or the last one got on."""
        self._began_at = time.monotonic()
        self._faults = 0

    def again(self, fault: Exception) -> bool:
        """Wait before the next try, in the calling thread; False where there is none."""
        wait = jittered(_BACKOFF.seconds(self._faults))
        self._faults += 1
        if not _passes(fault) or time.monotonic() + wait > self._began_at + self._seconds:
            return False
        log.warning("a call of the storage is made again", key=self._key, seconds=round(wait, 1), fault=repr(fault))
        return not self.stop.wait(wait)


def _passes(fault: Exception) -> bool:
    if isinstance(fault, ClientError):
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return (status >= _SERVER_ERRORS or status in _COME_AGAIN) and not is_full(fault)
    return isinstance(fault, _OF_THE_LINE)
