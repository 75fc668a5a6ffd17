"""The parts of one file: which the storage has, and which are on their way."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, final

import anyio
import httpx
from anyio import to_thread

from fiapx_client import codes
from fiapx_client.file import File
from fiapx_client.refused import Refused, retry_after
from fiapx_client.service import SENDING_TIMEOUT, heard
from fiapx_client.shapes import StagedUpload

_UNREACHABLE: Final = 4
"""So often in a row nothing came through, while the service answered each time: no way leads to the storage."""
_SHORTEST: Final = 60.0
"""Seconds that URLs are good for at least, whatever this machine's clock says."""
_MARGIN: Final = 10.0
"""Seconds before their end from which on they are not used."""
CHUNK: Final = 256 * 1024
"""Bytes of each part under way that are in memory."""


@final
class Parts:
    """What of one file has arrived."""

    def __init__(
        self,
        file: File,
        http: httpx.AsyncClient,
        parallel: int,
        on_sent: Callable[[], None],
        on_confirmed: Callable[[], None],
    ) -> None:
        self._file = file
        self._http = http
        self._parallel = parallel
        self._on_sent = on_sent
        self._on_confirmed = on_confirmed
        self._confirmed = set[int]()
        self._under_way = dict[int, int]()
        self._size = 1
        self._heard = False
        """Whether anything ever came through."""
        self._unheard = 0

    def take(self, staged: StagedUpload) -> None:
        """Believe the service: what it says holds."""
        self._size = max(staged.part_size_bytes, 1)
        self._confirmed = set(staged.done)
        self._heard = self._heard or bool(staged.done)

    def missing(self, staged: StagedUpload) -> list[int]:
        """Return those that the storage lacks."""
        return [number for number in staged.numbers if number not in self._confirmed]

    @property
    def sent_bytes(self) -> int:
        """Bytes that the storage has, and that are on their way."""
        confirmed = sum(len(self._range(number)) for number in self._confirmed)
        return confirmed + sum(self._under_way.values())

    async def send(self, staged: StagedUpload) -> None:
        """Send what has a URL that is still good; the first failure lets the others end their parts, and begin none."""
        left = max((staged.urls_expire_at - datetime.now(UTC)).total_seconds(), _SHORTEST) - _MARGIN
        until = time.monotonic() + left
        waiting = [number for number in self.missing(staged) if number in staged.urls]
        if not waiting:
            raise Refused(codes.INTERNAL, "The service gave no address for what is missing.")
        failures: list[Exception] = []

        async def sender() -> None:
            while waiting and not failures and time.monotonic() < until:
                number = waiting.pop(0)
                try:
                    await self._send(number, staged.urls[number])
                except Exception as error:  # noqa: BLE001 - whatever it was, it is raised once the others have ended
                    failures.append(error)

        async with anyio.create_task_group() as senders:
            for _ in range(self._parallel):
                senders.start_soon(sender)
        if failures:
            if self._is_unreachable(failures):
                raise Refused(codes.STORAGE_UNREACHABLE, "No part of this file got through to the storage.")
            raise failures[0]

    async def _send(self, number: int, url: str) -> None:
        span = self._range(number)

        async def content() -> AsyncIterator[bytes]:
            for start in span[::CHUNK]:
                chunk = await to_thread.run_sync(self._file.read, start, min(CHUNK, span.stop - start))
                yield chunk
                self._heard = True
                self._under_way[number] = self._under_way.get(number, 0) + len(chunk)
                self._on_sent()

        try:
            with heard("The connection to the storage was lost."):
                # Its exact length is part of what was signed; and nothing else is to be said of it.
                answer = await self._http.put(
                    url, content=content(), headers={"Content-Length": str(len(span))}, timeout=SENDING_TIMEOUT
                )
            self._heard = True
            if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
                raise _refused(answer)
            self._confirmed.add(number)
        finally:
            self._under_way.pop(number, None)
        self._on_confirmed()

    def _range(self, number: int) -> range:
        return range((number - 1) * self._size, min(number * self._size, self._file.size))

    def _is_unreachable(self, failures: Sequence[Exception]) -> bool:
        of_the_line = all(isinstance(error, Refused) and error.code == codes.NETWORK for error in failures)
        self._unheard = self._unheard + 1 if of_the_line and not self._heard else 0
        return self._unheard >= _UNREACHABLE


def _refused(answer: httpx.Response) -> Refused:
    later = retry_after(answer.headers.get("Retry-After"))
    code = "URL_REFUSED" if answer.status_code == HTTPStatus.FORBIDDEN else codes.STORAGE_ERROR
    return Refused(code, f"The storage answered a part with {answer.status_code}.", retry_after_seconds=later)
