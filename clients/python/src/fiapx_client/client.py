"""Everything that the client does, for programs with an event loop."""

import asyncio
import re
from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import aclosing, suppress
from datetime import datetime
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final
from urllib.parse import quote
from weakref import WeakSet

import httpx

from fiapx_client import codes, documents
from fiapx_client.download import Download
from fiapx_client.inputs import ExtractionOptions, ProcessingStatus, Scope
from fiapx_client.pictures import picture, picture_at, pictures
from fiapx_client.refused import Refused
from fiapx_client.service import Service
from fiapx_client.session import SessionStore
from fiapx_client.shapes import Batch, BatchPage, Frame, Key, NewKey, OnProgress, Page, Video, VideoImport, read
from fiapx_client.upload import AsyncUpload
from fiapx_client.watching import IMPORTS, VIDEOS, watched

_MOST_PARALLEL: Final = 64
_ID: Final = re.compile(r"[0-9A-Za-z-]+")


@final
class AsyncFiapX:
    """A FIAP X service, to be used in ``async with``; leaving it stops what has not ended.

    It asks with ``key``, a key for programs, or with a session after ``sign_in``, which is renewed by itself, and which
    a ``store`` keeps beyond the program. Where something is not done every method raises ``Refused``.
    """

    def __init__(self, url: str, *, key: str | None = None, store: SessionStore | None = None) -> None:
        self._service = Service(url, key, httpx.AsyncClient(), store)
        self._uploading: set[asyncio.Task[None]] | None = None
        self._watched = WeakSet[AsyncGenerator[Video] | AsyncGenerator[VideoImport]]()

    @property
    def url(self) -> str:
        """The service's address."""
        return self._service.url

    async def __aenter__(self) -> Self:
        self._uploading = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Tasks, and no group of them: a client may be left by another task than the one that entered it.
        uploading, self._uploading = self._uploading or set(), None
        for task in uploading:
            task.cancel()
        await asyncio.gather(*uploading, return_exceptions=True)
        for states in list(self._watched):
            with suppress(RuntimeError):  # Another task waits for its next state, and hears that the line is closed.
                await states.aclose()
        await self._service.aclose()

    async def sign_in(self, email: str, password: str) -> None:
        """Begin a session; ``INVALID_CREDENTIALS`` is refused where the address or the password is wrong."""
        await self._service.sign_in(email, password)

    async def sign_out(self) -> None:
        """End the session, at the service and where it is kept."""
        await self._service.sign_out()

    async def endings(self) -> list[str]:
        """Return how the names of films end that the service takes, without the dot."""
        limits = await self._service.ask(documents.LIMITS)
        return read(lambda said: [str(one) for one in said["acceptedExtensions"]], limits)

    def upload(
        self,
        path: str | PathLike[str],
        *,
        options: ExtractionOptions | None = None,
        batch: str | None = None,
        on_progress: OnProgress | None = None,
        parallel: int = 4,
    ) -> AsyncUpload:
        """Begin to send a film, ``parallel`` parts at a time, or go on where it was; wait for ``done``.

        It joins the ``batch`` of this id; without ``options`` those of the batch apply, where it has any.
        """
        if not 1 <= parallel <= _MOST_PARALLEL:
            raise ValueError(f"From 1 to {_MOST_PARALLEL} parts can be under way at once.")
        if self._uploading is None:
            raise RuntimeError("A client uploads within its `async with`.")
        upload = AsyncUpload(self._service, Path(path), options, on_progress, parallel, batch=batch)
        task = asyncio.create_task(upload.run())
        self._uploading.add(task)
        task.add_done_callback(self._uploading.discard)
        return upload

    async def import_video(
        self,
        url: str,
        *,
        name: str | None = None,
        options: ExtractionOptions | None = None,
        idempotency_key: str | None = None,
    ) -> VideoImport:
        """Have the service fetch a film from a link, and return at once; the same key again is the same import."""
        asked = {"url": url, "fileName": name, "options": options, "idempotencyKey": idempotency_key}
        return read(VideoImport.of, await self._service.ask(documents.IMPORT, input=asked))

    async def imports(self) -> list[VideoImport]:
        """Return the imports that go on or ended within a day, newest first."""
        listed = await self._service.ask(documents.IMPORTS)
        return read(lambda said: [VideoImport.of(one) for one in said], listed)

    async def imported(self, id: str) -> VideoImport:
        """Return an import as it is now."""
        return read(VideoImport.of, await self._service.ask(documents.IMPORTED, id=id))

    def watch_import(self, id: str) -> AsyncGenerator[VideoImport]:
        """Yield how an import is now and at each change, until it is IMPORTED or FAILED."""
        states = watched(self._service, IMPORTS, id)
        self._watched.add(states)
        return states

    async def cancel_import(self, id: str) -> VideoImport:
        """End an import, and remove what came; it becomes FAILED with the code CANCELED."""
        return read(VideoImport.of, await self._service.ask(documents.CANCEL_IMPORT, id=id))

    async def videos(self, *, status: Collection[ProcessingStatus] | None = None) -> AsyncGenerator[Video]:
        """Yield all videos, newest first; with ``status`` those in these states."""
        wanted, after = None if status is None else list(status), None
        while True:
            page = read(Page.of, await self._service.ask(documents.VIDEOS, after=after, status=wanted))
            for video in page.videos:
                yield video
            if page.after is None or page.after == after:
                return
            after = page.after

    async def video(self, id: str) -> Video:
        """Return a video as it is now."""
        return read(Video.of, await self._service.ask(documents.VIDEO, id=id))

    def watch(self, id: str) -> AsyncGenerator[Video]:
        """Yield how a video is now and at each change, until it is COMPLETED or FAILED."""
        states = watched(self._service, VIDEOS, id)
        self._watched.add(states)
        return states

    async def wait(self, id: str) -> Video:
        """Return a video once it is COMPLETED or FAILED."""
        last: Video | None = None
        async for video in self.watch(id):
            last = video
        if last is None:
            raise Refused(codes.INTERNAL, "The service told no state of the video.")
        return last

    async def cancel(self, id: str) -> Video:
        """Stop a processing that has not ended; it becomes FAILED with the code CANCELED."""
        return read(Video.of, await self._service.ask(documents.CANCEL, id=id))

    async def delete(self, id: str) -> None:
        """Remove a video with its files; one that is being processed is stopped."""
        await self._service.ask(documents.DELETE, id=id)

    async def reprocess(self, id: str, *, options: ExtractionOptions | None = None) -> Video:
        """Process the same film again, as a new video; the options are those of the first where none are named."""
        return read(Video.of, await self._service.ask(documents.REPROCESS, id=id, options=options))

    async def download(
        self,
        id: str,
        path: str | PathLike[str],
        *,
        frames: str | Iterable[int] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Fetch a video's ZIP, or one of the ``frames`` of these places alone, from 1: ``"3,7-9"``, or numbers.

        What came of it before is gone on with, from ``<path>.part``. What stands at ``path`` is replaced once all is
        there and its checksums right. Raises an OSError of the disk.
        """
        if frames is None:
            await Download(self._service, f"{_path(id)}/download", Path(path), on_progress)()
            return
        chosen = quote(frames if isinstance(frames, str) else ",".join(map(str, frames)), safe=",")
        there = f"{_path(id)}/frames.zip?frames={chosen}"
        await Download(self._service, there, Path(path), on_progress, tests_entries=True)()

    async def frames(self, id: str) -> AsyncGenerator[Frame]:
        """Yield all pictures of a video's ZIP, in its order, without a byte of theirs."""
        async with aclosing(pictures(self._service, f"{_path(id)}/frames")) as found:
            async for frame in found:
                yield frame

    async def frame_at(self, id: str, seconds: float) -> Frame:
        """Return the picture of a video that had come last at this time of the film; see ``until_seconds``."""
        return await picture_at(self._service, f"{_path(id)}/frames", seconds)

    async def frame(self, id: str, index: int) -> bytes:
        """Fetch one picture of a video, by its place in the ZIP from 1, and nothing else of it."""
        return await picture(self._service, f"{_path(id)}/frames/{index}")

    async def create_batch(
        self, name: str, *, options: ExtractionOptions | None = None, preset: str | None = None
    ) -> Batch:
        """Make a batch, or return the one of this name; ``upload`` takes its id.

        Its options are those of films that are sent without any; in their place a preset can be named by its id.
        """
        asked = {"name": name, "options": options, "presetId": preset}
        return read(Batch.of, await self._service.ask(documents.CREATE_BATCH, input=asked))

    async def batches(self) -> AsyncGenerator[Batch]:
        """Yield all batches, newest first."""
        after = None
        while True:
            page = read(BatchPage.of, await self._service.ask(documents.BATCHES, after=after))
            for batch in page.batches:
                yield batch
            if page.after is None or page.after == after:
                return
            after = page.after

    async def batch(self, id: str) -> Batch:
        """Return a batch as it is now."""
        return read(Batch.of, await self._service.ask(documents.BATCH, id=id))

    async def cancel_batch(self, id: str) -> Batch:
        """Stop each processing of a batch that has not ended."""
        return read(Batch.of, await self._service.ask(documents.CANCEL_BATCH, id=id))

    async def delete_batch(self, id: str) -> None:
        """Remove a batch with all its videos and their files."""
        await self._service.ask(documents.DELETE_BATCH, id=id)

    async def download_batch(
        self, id: str, path: str | PathLike[str], *, on_progress: OnProgress | None = None
    ) -> None:
        """Fetch the frames of a batch's completed videos as one ZIP, a folder each, as ``download`` fetches a video's.

        Where another video is completed meanwhile it begins anew. The checksum of each picture is looked at.
        """
        path_there = f"{_path(id, 'batches', codes.BATCH_NOT_FOUND)}/download"
        await Download(self._service, path_there, Path(path), on_progress, tests_entries=True)()

    async def create_key(self, name: str, scopes: Collection[Scope], *, expires_at: datetime | None = None) -> NewKey:
        """Make a key for a program, which needs a session: no key can make one. Its secret is told this once."""
        if expires_at is not None and expires_at.tzinfo is None:
            raise ValueError("When a key expires needs a time zone.")
        until = None if expires_at is None else expires_at.isoformat()
        made = await self._service.ask(documents.CREATE_KEY, name=name, scopes=list(scopes), expiresAt=until)
        return read(NewKey.of, made)

    async def keys(self) -> list[Key]:
        """Return the keys that there are, the oldest first."""
        listed = await self._service.ask(documents.KEYS)
        return read(lambda said: [Key.of(one) for one in said], listed)

    async def revoke_key(self, id: str) -> None:
        """End a key at once, with all that is watched by it."""
        await self._service.ask(documents.REVOKE_KEY, id=id)


def _path(id: str, of: str = "videos", otherwise: str = codes.VIDEO_NOT_FOUND) -> str:
    """Return where a video, or something else, is in the service's REST; no id changes the path."""
    if not _ID.fullmatch(id):
        raise Refused(otherwise, f"There is nothing of the id {id!r}.")
    return f"{of}/{id}"
