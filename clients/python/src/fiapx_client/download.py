"""A ZIP on its way to the disk: gone on with after every break, checked, and only then under its name."""

import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final, final

import anyio
import httpx
from anyio import to_thread

from fiapx_client import codes
from fiapx_client.refused import Refused
from fiapx_client.service import Service, heard
from fiapx_client.shapes import OnProgress, Phase, Progress
from fiapx_client.waiting import PASSING, Tries

_OUTSIDE: Final = "RANGE_NOT_SATISFIABLE"
"""What is on the disk is not the beginning of what is there now."""
_PASSING: Final = PASSING | {_OUTSIDE}
_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")
_ETAG: Final = re.compile(r'"[!#-~]*"')
_SHA256: Final = re.compile(r'"([0-9a-f]{64})"')
_TIMEOUT: Final = httpx.Timeout(60, connect=20)
_CHUNK: Final = 256 * 1024


@final
@dataclass
class Download:
    """One file of the service's, named by the path of its own API.

    What came is in ``<name>.part``, and whose it is, by its ETag, in ``<name>.part.etag``.
    """

    service: Service
    path: str
    to: Path
    on_progress: OnProgress | None = None
    tries: Tries = field(default_factory=lambda: Tries(_PASSING))
    tests_entries: bool = False
    """Whether what no checksum is told of is held against the checksums within it, as a ZIP has one of each file."""
    _done: int = 0
    _total: int = 0

    async def __call__(self) -> None:
        """Raise ``Refused``, or an OSError of the disk."""
        if await to_thread.run_sync(self.to.is_dir):
            raise IsADirectoryError(f"{self.to} is a folder; name the file that the ZIP becomes.")
        etag = await self._fetched()
        self._tell("checking")
        await to_thread.run_sync(self._finish, etag)

    async def _fetched(self) -> str:
        """Fetch all of it, through every break; return its ETag."""
        while True:
            try:
                return await self._attempt()
            except Refused as refused:
                if refused.code == _OUTSIDE:
                    await to_thread.run_sync(self._forget)
                pause = self.tries.pause_after(refused)
                self._tell("waiting", refused)
            await self.tries.sleep(pause)

    @property
    def _part(self) -> Path:
        return self.to.with_name(f"{self.to.name}.part")

    @property
    def _mark(self) -> Path:
        return self.to.with_name(f"{self.to.name}.part.etag")

    async def _attempt(self) -> str:
        """Fetch what is missing; return the ETag of the whole."""
        begun, start = await to_thread.run_sync(self._begun)
        asked = {"Accept-Encoding": "identity"}
        ranged = {"Range": f"bytes={start}-"} if begun else {}
        guarded = {"If-Range": begun} if begun else {}
        async with self.service.opened("GET", self.path, {**asked, **ranged, **guarded}) as answer:
            if answer.status_code != HTTPStatus.TEMPORARY_REDIRECT:
                return await self._receive(answer, answer.headers.get("ETag", ""), begun, start)
        # The storage itself has it, and names it otherwise: the service still tells its ETag and so its checksum.
        async with self.service.opened("HEAD", self.path, asked) as head:
            etag = head.headers.get("ETag", "")
        there = self.service.join(answer.headers.get("Location", ""))
        async with self._of_storage(there, {**asked, **(ranged if etag == begun else {})}) as answer:
            return await self._receive(answer, etag, begun, start)

    @asynccontextmanager
    async def _of_storage(self, url: httpx.URL, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """Ask the storage, to which nobody's key or token is shown."""
        with heard("The storage does not answer."):
            request = self.service.http.build_request("GET", url, headers=headers, timeout=_TIMEOUT)
            answer = await self.service.http.send(request, stream=True)
        try:
            if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise Refused(_OUTSIDE, "The storage has less than what came before.")
            if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
                raise Refused(codes.STORAGE_ERROR, f"The storage answered with {answer.status_code}.")
            yield answer
        finally:
            await answer.aclose()

    async def _receive(self, answer: httpx.Response, etag: str, begun: str, start: int) -> str:
        """Write what comes, behind what is there where it is the same; return the ETag."""
        if answer.status_code == HTTPStatus.PARTIAL_CONTENT:
            span = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if span is None or int(span[1]) != start or etag != begun:
                raise Refused(_OUTSIDE, "The range that came is not the one that was asked for.")
            self._total = int(span[3])
        else:
            length = answer.headers.get("Content-Length", "")
            self._total = int(length) if length.isascii() and length.isdigit() else 0
            self._done = start = 0
        file = await to_thread.run_sync(self._opened, start, etag)
        try:
            with heard("The line was lost while the ZIP came."):
                async for chunk in answer.aiter_raw(_CHUNK):
                    await to_thread.run_sync(file.write, chunk)
                    start += len(chunk)
                    self._done = max(self._done, start)
                    self.tries.came_through()
                    self._tell("receiving")
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(file.close)
        if start < self._total:
            raise Refused(codes.NETWORK, "The ZIP ended too early.")
        return etag

    def _begun(self) -> tuple[str, int]:
        """Return whose ETag the part has that is there, and where to go on; an empty one where it begins anew.

        That is its last byte: a range behind the end would be refused, where all is there.
        """
        try:
            etag, size = self._mark.read_text("utf-8"), self._part.stat().st_size
        except (OSError, UnicodeDecodeError):
            return "", 0
        return (etag, max(size - 1, 0)) if _ETAG.fullmatch(etag) else ("", 0)

    def _opened(self, start: int, etag: str) -> "_Writing":
        if start == 0:
            # In this order: whatever ends the program between, what is there is never taken for another's.
            self._forget()
            self._part.touch()
            if etag.startswith('"'):  # A weak one does not say that it is the same to the byte.
                self._mark.write_text(etag, "utf-8")
        return _Writing(self._part, start)

    def _finish(self, etag: str) -> None:
        size = self._part.stat().st_size
        if self._total and size != self._total:
            self._forget()
            raise Refused(codes.DAMAGED, f"The ZIP has {size} bytes in place of {self._total}; download it again.")
        known = _SHA256.fullmatch(etag)
        with self._part.open("rb+") as file:
            if known and hashlib.file_digest(file, "sha256").hexdigest() != known[1]:
                self._forget()
                raise Refused(codes.DAMAGED, "What came of the ZIP has another checksum; download it again.")
            if self.tests_entries and not _is_sound(file):
                self._forget()
                raise Refused(codes.DAMAGED, "A file in what came of the ZIP is damaged; download it again.")
            os.fsync(file.fileno())
        self._part.replace(self.to)
        self._mark.unlink(missing_ok=True)

    def _forget(self) -> None:
        self._mark.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)

    def _tell(self, phase: Phase, problem: Refused | None = None) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(phase, self._done, self._total, problem))


def _is_sound(file: BinaryIO) -> bool:
    """Read a ZIP and all that is in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error):
        return False


@final
class _Writing:
    """A file that is written from here on, unbuffered, so that what was told to have come is there."""

    def __init__(self, path: Path, start: int) -> None:
        self._file = path.open("rb+", buffering=0)
        self._file.seek(start)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def close(self) -> None:
        self._file.truncate()
        self._file.close()
