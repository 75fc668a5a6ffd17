"""The same for programs without an event loop: each method hands over to the client that has one, in a thread."""

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from os import PathLike
from types import TracebackType
from typing import Self, TypeVar, final

from anyio.from_thread import BlockingPortal, start_blocking_portal

from fiapx_client.client import AsyncFiapX
from fiapx_client.inputs import ExtractionOptions, ProcessingStatus, Scope
from fiapx_client.session import SessionStore
from fiapx_client.shapes import Batch, Frame, Key, NewKey, OnProgress, Progress, Video, VideoImport
from fiapx_client.upload import AsyncUpload

_Item = TypeVar("_Item")


@final
class Upload:
    """An upload that has begun. Any thread may call it; ``on_progress`` may call all but ``done``."""

    def __init__(self, upload: AsyncUpload, portal: BlockingPortal) -> None:
        self._upload = upload
        self._portal = portal

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._upload.progress

    def done(self) -> Video:
        """Wait for its end; raises ``Refused``, or ``Stopped``."""
        return self._portal.call(self._upload.done)

    def pause(self) -> None:
        """Stop sending, until ``resume``; parts that are under way are sent again then."""
        self._upload.pause()

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._upload.resume()

    def stop(self) -> None:
        """End it here; what came stays at the storage for a day, for whoever uploads the same file again."""
        self._upload.stop()

    def cancel(self) -> None:
        """End it, and remove what came of it; ``done`` raises ``Stopped`` once that is gone."""
        self._upload.cancel()


@final
class FiapX:
    """A FIAP X service, to be used in ``with``; leaving it stops what has not ended.

    It asks with ``key``, a key for programs, or with a session after ``sign_in``, which is renewed by itself, and which
    a ``store`` keeps beyond the program. Where something is not done every method raises ``Refused``. Any thread may
    call it.
    """

    def __init__(self, url: str, *, key: str | None = None, store: SessionStore | None = None) -> None:
        self._client = AsyncFiapX(url, key=key, store=store)
        self._running: BlockingPortal | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with self._stack as stack:
            self._running = stack.enter_context(start_blocking_portal())
            stack.enter_context(self._running.wrap_async_context_manager(self._client))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running = None
        self._stack.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        """The service's address."""
        return self._client.url

    @property
    def _portal(self) -> BlockingPortal:
        if self._running is None:
            raise RuntimeError("A client works within its `with`.")
        return self._running

    def sign_in(self, email: str, password: str) -> None:
        """Begin a session; ``INVALID_CREDENTIALS`` is refused where the address or the password is wrong."""
        self._portal.call(self._client.sign_in, email, password)

    def sign_out(self) -> None:
        """End the session, at the service and where it is kept."""
        self._portal.call(self._client.sign_out)

    def endings(self) -> list[str]:
        """Return how the names of films end that the service takes, without the dot."""
        return self._portal.call(self._client.endings)

    def upload(
        self,
        path: str | PathLike[str],
        *,
        options: ExtractionOptions | None = None,
        batch: str | None = None,
        on_progress: OnProgress | None = None,
        parallel: int = 4,
    ) -> Upload:
        """Begin to send a film, ``parallel`` parts at a time, or go on where it was; wait for ``done``.

        It joins the ``batch`` of this id; without ``options`` those of the batch apply, where it has any.
        """
        begin = partial(
            self._client.upload, path, options=options, batch=batch, on_progress=on_progress, parallel=parallel
        )
        return Upload(self._portal.call(begin), self._portal)

    def import_video(
        self,
        url: str,
        *,
        name: str | None = None,
        options: ExtractionOptions | None = None,
        idempotency_key: str | None = None,
    ) -> VideoImport:
        """Have the service fetch a film from a link, and return at once; the same key again is the same import."""
        ask = partial(self._client.import_video, url, name=name, options=options, idempotency_key=idempotency_key)
        return self._portal.call(ask)

    def imports(self) -> list[VideoImport]:
        """Return the imports that go on or ended within a day, newest first."""
        return self._portal.call(self._client.imports)

    def imported(self, id: str) -> VideoImport:
        """Return an import as it is now."""
        return self._portal.call(self._client.imported, id)

    def watch_import(self, id: str) -> Iterator[VideoImport]:
        """Yield how an import is now and at each change, until it is IMPORTED or FAILED."""
        return self._each(self._client.watch_import(id))

    def cancel_import(self, id: str) -> VideoImport:
        """End an import, and remove what came; it becomes FAILED with the code CANCELED."""
        return self._portal.call(self._client.cancel_import, id)

    def videos(self, *, status: Collection[ProcessingStatus] | None = None) -> Iterator[Video]:
        """Yield all videos, newest first; with ``status`` those in these states."""
        return self._each(self._client.videos(status=status))

    def video(self, id: str) -> Video:
        """Return a video as it is now."""
        return self._portal.call(self._client.video, id)

    def watch(self, id: str) -> Iterator[Video]:
        """Yield how a video is now and at each change, until it is COMPLETED or FAILED."""
        return self._each(self._client.watch(id))

    def wait(self, id: str) -> Video:
        """Return a video once it is COMPLETED or FAILED."""
        return self._portal.call(self._client.wait, id)

    def cancel(self, id: str) -> Video:
        """Stop a processing that has not ended; it becomes FAILED with the code CANCELED."""
        return self._portal.call(self._client.cancel, id)

    def delete(self, id: str) -> None:
        """Remove a video with its files; one that is being processed is stopped."""
        self._portal.call(self._client.delete, id)

    def reprocess(self, id: str, *, options: ExtractionOptions | None = None) -> Video:
        """Process the same film again, as a new video; the options are those of the first where none are named."""
        return self._portal.call(partial(self._client.reprocess, id, options=options))

    def download(
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
        self._portal.call(partial(self._client.download, id, path, frames=frames, on_progress=on_progress))

    def frames(self, id: str) -> Iterator[Frame]:
        """Yield all pictures of a video's ZIP, in its order, without a byte of theirs."""
        return self._each(self._client.frames(id))

    def frame_at(self, id: str, seconds: float) -> Frame:
        """Return the picture of a video that had come last at this time of the film; see ``until_seconds``."""
        return self._portal.call(self._client.frame_at, id, seconds)

    def frame(self, id: str, index: int) -> bytes:
        """Fetch one picture of a video, by its place in the ZIP from 1, and nothing else of it."""
        return self._portal.call(self._client.frame, id, index)

    def create_batch(self, name: str, *, options: ExtractionOptions | None = None, preset: str | None = None) -> Batch:
        """Make a batch, or return the one of this name; ``upload`` takes its id.

        Its options are those of films that are sent without any; in their place a preset can be named by its id.
        """
        return self._portal.call(partial(self._client.create_batch, name, options=options, preset=preset))

    def batches(self) -> Iterator[Batch]:
        """Yield all batches, newest first."""
        return self._each(self._client.batches())

    def batch(self, id: str) -> Batch:
        """Return a batch as it is now."""
        return self._portal.call(self._client.batch, id)

    def cancel_batch(self, id: str) -> Batch:
        """Stop each processing of a batch that has not ended."""
        return self._portal.call(self._client.cancel_batch, id)

    def delete_batch(self, id: str) -> None:
        """Remove a batch with all its videos and their files."""
        self._portal.call(self._client.delete_batch, id)

    def download_batch(self, id: str, path: str | PathLike[str], *, on_progress: OnProgress | None = None) -> None:
        """Fetch the frames of a batch's completed videos as one ZIP, a folder each, as ``download`` fetches a video's.

        Where another video is completed meanwhile it begins anew. The checksum of each picture is looked at.
        """
        self._portal.call(partial(self._client.download_batch, id, path, on_progress=on_progress))

    def create_key(self, name: str, scopes: Collection[Scope], *, expires_at: datetime | None = None) -> NewKey:
        """Make a key for a program, which needs a session: no key can make one. Its secret is told this once."""
        return self._portal.call(partial(self._client.create_key, name, scopes, expires_at=expires_at))

    def keys(self) -> list[Key]:
        """Return the keys that there are, the oldest first."""
        return self._portal.call(self._client.keys)

    def revoke_key(self, id: str) -> None:
        """End a key at once, with all that is watched by it."""
        self._portal.call(self._client.revoke_key, id)

    def _each(self, source: AsyncGenerator[_Item]) -> Iterator[_Item]:
        async def following() -> _Item | None:
            return await anext(source, None)

        portal = self._portal
        try:
            while (item := portal.call(following)) is not None:
                yield item
        finally:
            # Where the client was left before, its loop has closed it.
            with suppress(RuntimeError):
                portal.call(source.aclose)
