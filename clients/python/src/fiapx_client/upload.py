"""One file on its way, through every break until it is there."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, final
from uuid import uuid4

import anyio
from anyio import to_thread

from fiapx_client import codes
from fiapx_client.documents import ABORT, COMPLETE, CREATE, REFRESH
from fiapx_client.file import File
from fiapx_client.parts import Parts
from fiapx_client.refused import Refused, Stopped
from fiapx_client.service import Service
from fiapx_client.shapes import OnProgress, Phase, Progress, StagedUpload, Video, read
from fiapx_client.waiting import PASSING, Tries
from fiapx_client.whole import send_whole

BARRED: Final = frozenset({codes.STAGING_UNAVAILABLE, codes.STORAGE_UNREACHABLE})
"""No way leads to the storage."""
PASSING_UPLOAD: Final = PASSING | {codes.UPLOAD_INCOMPLETE, codes.UPLOAD_NOT_FOUND, "URL_REFUSED"}


@final
class AsyncUpload:
    """An upload that has begun. All but ``done`` may be called from any task and any thread, and return at once."""

    def __init__(
        self,
        service: Service,
        path: Path,
        options: Mapping[str, Any] | None,
        on_progress: OnProgress | None,
        parallel: int,
        tries: Tries | None = None,
        batch: str | None = None,
    ) -> None:
        self._service = service
        self._path = path
        self._options = options
        self._on_progress = on_progress
        self._parallel = parallel
        self._batch = batch
        self._tries = tries or Tries(PASSING_UPLOAD)
        self._progress = Progress("starting", 0, 0)
        self._file: File | None = None
        self._parts: Parts | None = None
        self._begun = False
        self._staged: StagedUpload | None = None
        self._whole = False
        """Whether all of it was sent: then nobody knows it by its fingerprint."""
        self._barred: Refused | None = None
        """Why it goes in one request, if it does."""
        self._key = uuid4().hex
        """By which that makes no second video, however often it is sent."""
        self._turn = anyio.CancelScope()
        """What is under way at this moment."""
        self._resumed: anyio.Event | None = None
        self._stopped = self._removes = False
        self._ended = anyio.Event()
        self._outcome: Video | Exception = Stopped("The client was closed before the upload had ended.")
        self._thread, self._loop = threading.get_ident(), asyncio.get_running_loop()

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    async def done(self) -> Video:
        """Wait for its end; raises ``Refused``, or ``Stopped``."""
        await self._ended.wait()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def pause(self) -> None:
        """Stop sending, until ``resume``; parts that are under way are sent again then."""
        self._from_anywhere(self._pause)

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._from_anywhere(self._resume)

    def stop(self) -> None:
        """End it here; what came stays at the storage for a day, for whoever uploads the same file again."""
        self._from_anywhere(self._stop)

    def cancel(self) -> None:
        """End it, and remove what came of it; ``done`` raises ``Stopped`` once that is gone."""
        self._from_anywhere(self._cancel)

    async def run(self) -> None:
        """Send the file; the client has it run beside what else is done."""
        try:
            self._outcome = await self._persist()
        except Exception as error:  # noqa: BLE001 - whoever asks for it is told
            self._outcome = error
        finally:
            self._ended.set()

    def _from_anywhere(self, step: Callable[[], None]) -> None:
        if self._ended.is_set():
            return
        if threading.get_ident() == self._thread:
            step()
        else:
            self._loop.call_soon_threadsafe(step)

    def _pause(self) -> None:
        if self._resumed is None and not self._stopped:
            self._resumed = anyio.Event()
            self._turn.cancel()

    def _resume(self) -> None:
        if self._resumed is not None:
            self._resumed.set()
            self._resumed = None

    def _stop(self) -> None:
        self._stopped = True
        self._turn.cancel()
        self._resume()

    def _cancel(self) -> None:
        self._removes = True
        self._stop()

    async def _persist(self) -> Video:
        pause = 0.0
        while True:
            while self._resumed is not None:
                self._tell("paused")
                await self._resumed.wait()
            if self._stopped:
                await self._remove()
                raise Stopped
            with anyio.CancelScope() as self._turn:
                try:
                    await self._tries.sleep(pause)
                    return await self._attempt()
                except Refused as error:
                    if self._barred is None and error.code in BARRED:
                        await self._send_whole_henceforth(error)
                        pause = 0.0
                        continue
                    pause = self._pause_after(error)
                    self._tell("waiting", error)
                    continue
            pause = 0.0

    def _pause_after(self, error: Refused) -> float:
        """Return how many seconds to wait, where it may pass by itself; else raise it."""
        if error.code == codes.UPLOAD_NOT_FOUND:
            self._staged = None
        if error.code in {codes.UPLOAD_NOT_FOUND, codes.UPLOAD_INCOMPLETE}:
            self._whole = False
        pause = self._tries.pause_after(error)
        renews = error.code == "URL_REFUSED" and self._tries.failures == 1
        return 0.0 if renews else pause

    async def _attempt(self) -> Video:
        if self._file is None:
            self._file = await to_thread.run_sync(File.at, self._path)
        if self._barred is not None:
            return await self._send_whole(self._file, self._barred)
        if self._parts is None:
            self._parts = Parts(self._file, self._service.http, self._parallel, self._sent, self._confirmed)
        if not self._whole or self._staged is None:
            self._staged = await self._send_all(self._file, self._parts)
            self._whole = True
        self._tell("completing")
        return read(Video.of, await self._service.ask(COMPLETE, id=self._staged.id))

    async def _send_whole_henceforth(self, barred: Refused) -> None:
        """Leave the way that is barred; what was begun on it would count in the quota."""
        self._barred = barred
        with suppress(Refused):
            await self._abort()
        self._staged = self._parts = None

    async def _send_whole(self, file: File, barred: Refused) -> Video:
        """Send what is not too large for one request."""
        self._tell("sending")
        try:
            said = await send_whole(
                self._service,
                file,
                {"options": self._options, "idempotencyKey": self._key},
                self._batch,
                lambda sent: self._tell("sending", sent_bytes=sent),
            )
        except Refused as error:
            if error.code != codes.FILE_TOO_LARGE:
                raise
            raise Refused(barred.code, f"{barred.message} {error.message}") from error
        self._tell("completing")
        return read(Video.of, said)

    async def _send_all(self, file: File, parts: Parts) -> StagedUpload:
        if self._staged is None:
            staged = self._take(parts, await self._create(file))
        else:
            staged = await self._refresh(parts, self._staged)
        while parts.missing(staged):
            await parts.send(staged)
            if parts.missing(staged):
                staged = await self._refresh(parts, staged)
        await to_thread.run_sync(file.read, 0, 0)  # That it was not changed behind the part that was read last.
        return staged

    async def _create(self, file: File) -> StagedUpload:
        self._begun = True
        described = {**file.shown(), "fingerprint": file.fingerprint(), "options": self._options}
        if self._batch is not None:
            described["batchId"] = self._batch
        return read(StagedUpload.of, await self._service.ask(CREATE, input=described))

    async def _refresh(self, parts: Parts, staged: StagedUpload) -> StagedUpload:
        return self._take(parts, read(StagedUpload.of, await self._service.ask(REFRESH, id=staged.id)))

    def _take(self, parts: Parts, staged: StagedUpload) -> StagedUpload:
        self._staged = staged
        parts.take(staged)
        self._tell("sending")
        return staged

    async def _remove(self) -> None:
        """Remove what came, where that is wanted; where it was just being begun, asking again tells its id."""
        if not self._removes or not self._begun or self._file is None or self._barred is not None:
            return
        self._staged = self._staged or await self._create(self._file)
        await self._abort()

    async def _abort(self) -> None:
        if self._staged is None:
            return
        try:
            await self._service.ask(ABORT, id=self._staged.id)
        except Refused as refused:
            if refused.code != codes.UPLOAD_NOT_FOUND:
                raise
        self._staged = None

    def _sent(self) -> None:
        self._tell("sending")

    def _confirmed(self) -> None:
        self._tries.came_through()
        self._tell("sending")

    def _tell(self, phase: Phase, problem: Refused | None = None, sent_bytes: int = 0) -> None:
        if self._stopped:
            return
        total = self._file.size if self._file else 0
        sent = total if phase == "completing" else self._parts.sent_bytes if self._parts else sent_bytes
        self._progress = Progress(phase, max(self._progress.done_bytes, sent), total, problem)
        if self._on_progress is not None:
            self._on_progress(self._progress)
