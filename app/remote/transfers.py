"""Films on their way to the service, and their frames on the way back: two at a time."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, final

from app.remote.failures import FAILED, CannotGoOn, exit_code_of, told
from app.remote.films import refuse_to_replace, result_of
from app.remote.journal import Journal
from app.remote.shown import Change, Teller, how_far
from fiapx_client import AsyncFiapX, Batch, ExtractionOptions, Progress, Refused, Video, VideoImport, codes

_TRANSFERS: Final = 2
_WATCHED: Final = 8
_GONE: Final = frozenset({codes.VIDEO_NOT_FOUND, codes.VIDEO_NOT_BELONGS_TO_USER})
Step = Callable[[], Coroutine[Any, Any, Change]]
"""Does something, and returns what to tell in the end."""


@final
@dataclass(frozen=True, slots=True)
class Item:
    """What is told of: a film by its file, a video by its id."""

    name: str
    file: str | None = None
    id: str | None = None

    def change(self, state: str, **more: Any) -> Change:
        """Return a change of it."""
        known: dict[str, Any] = {"file": self.file, "id": self.id, **more}
        return Change(self.name, state, **known)


@final
@dataclass(frozen=True, slots=True)
class Transfers:
    """Steps with films and videos, which tell how far they are."""

    fiapx: AsyncFiapX
    teller: Teller
    transfers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_TRANSFERS))
    watched: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_WATCHED))
    taken: set[Path] = field(default_factory=set)
    """Where ZIPs go."""

    async def each(self, steps: Mapping[Item, Step]) -> int:
        """Take a step for each; what fails is told, and is no reason to leave the others. Return the exit code."""

        async def taken(item: Item, step: Step) -> int:
            try:
                self.teller.ended(await step())
            except (Refused, OSError, CannotGoOn) as fault:
                self.teller.ended(item.change("failed", failure=told(fault)))
                return exit_code_of(fault)
            return 0

        return max(await asyncio.gather(*(taken(*one) for one in steps.items())), default=0)

    async def send(self, film: Path, options: ExtractionOptions, journal: Journal, batch: str | None = None) -> Change:
        """Send a film, unless a former run has; return its video's first state."""
        item = Item(str(film), str(film))
        async with self.transfers:
            if (before := await self._sent_before(film, journal)) is not None:
                return item.change("sent before", id=before, detail=before, percent=100)
            # Of who chooses nothing its batch has the choice.
            sending = self.fiapx.upload(film, options=options or None, batch=batch, on_progress=self._telling(item))
            sent = await sending.done()
            journal.sent(film, sent.id)
        return item.change(sent.status, id=sent.id, detail=sent.id)

    async def bring(
        self, link: str, item: Item, name: str | None, options: ExtractionOptions, journal: Journal
    ) -> Change:
        """Follow the import of a link until it has ended, asked for now or in a former run; raise why it failed."""
        now: VideoImport | None = None
        async with self.watched:
            which = await self._asked_before(link, journal)
            if which is None:
                which = (await self.fiapx.import_video(link, name=name, options=options)).id
                journal.imported(link, which)
            async for now in self.fiapx.watch_import(which):
                percent = 100 * now.fetched_bytes / now.total_bytes if now.total_bytes else 0.0
                if not now.ended:
                    self.teller.moved(item.change(now.status, id=now.id, percent=percent))
        if now is None:
            raise Refused(codes.INTERNAL, "The service told no state of the import.")
        if now.failure is not None:
            raise Refused(now.failure.code, now.failure.reason)
        return item.change(now.status, id=now.id, percent=100, detail=now.id)

    async def _asked_before(self, link: str, journal: Journal) -> str | None:
        """Return the import that a former run asked for, if it is there and has not failed."""
        before = journal.import_of(link)
        try:
            found = None if before is None else await self.fiapx.imported(before)
        except Refused as refused:
            if refused.code != codes.UPLOAD_NOT_FOUND:
                raise
            return None
        return None if found is None or found.status == "FAILED" else found.id

    async def follow(self, video: str, item: Item) -> Change:
        """Show how a video is until it has ended; raises ``Refused`` with why it failed."""
        now: Video | None = None
        async with self.watched:
            async for now in self.fiapx.watch(video):
                if not now.ended:
                    self.teller.moved(_state(item, now))
        if now is None:
            raise Refused(codes.INTERNAL, "The service told no state of the video.")
        if now.failure is not None:
            raise Refused(now.failure.code, now.failure.reason)
        return _state(item, now)

    async def fetch(self, video: str, item: Item, to: Path, frames: str | None = None) -> Change:
        """Download a video's ZIP, or one of these frames."""
        async with self.transfers:
            to.parent.mkdir(parents=True, exist_ok=True)
            await self.fiapx.download(video, to, frames=frames, on_progress=self._telling(item, video))
        return item.change("downloaded", id=video, percent=100, result=str(to), detail=str(to))

    async def fetch_into(
        self, video: str, folder: Path, *, overwrite: bool, item: Item | None = None, frames: str | None = None
    ) -> Change:
        """Download a video's ZIP into a folder, by the name of its film."""
        what = "frames.zip" if frames is None else "chosen.zip"
        to = folder / result_of((await self.fiapx.video(video)).name, video, what)
        if to in self.taken:
            raise CannotGoOn(f"{to} is the ZIP of another of these videos; take them one by one, with --out.", FAILED)
        self.taken.add(to)
        refuse_to_replace(to, overwrite=overwrite)
        return await self.fetch(video, item or Item(video, id=video), to, frames)

    async def fetch_batch(self, batch: Batch, item: Item, to: Path) -> Change:
        """Download the ZIP of a batch."""
        to.parent.mkdir(parents=True, exist_ok=True)
        await self.fiapx.download_batch(batch.id, to, on_progress=self._telling(item, batch.id))
        detail = f"{to}, {batch.completed} of {batch.total} videos"
        return item.change("downloaded", id=batch.id, percent=100, result=str(to), detail=detail)

    async def remove(self, video: str) -> Change:
        """Delete a video."""
        await self.fiapx.delete(video)
        return Item(video, id=video).change("deleted")

    async def revoke(self, key: str) -> Change:
        """End a key."""
        await self.fiapx.revoke_key(key)
        return Item(key, id=key).change("revoked")

    async def _sent_before(self, film: Path, journal: Journal) -> str | None:
        """Return the video that came of it in a former run, if it is there and has not failed."""
        before = journal.video_of(film)
        if before is None:
            return None
        try:
            video = await self.fiapx.video(before)
        except Refused as refused:
            if refused.code in _GONE:
                return None
            if refused.code == codes.INSUFFICIENT_SCOPE:  # The key may only send.
                return before
            raise
        return None if video.status == "FAILED" else before

    def _telling(self, item: Item, video: str | None = None) -> Callable[[Progress], None]:
        def tell(now: Progress) -> None:
            percent = 100 * now.done_bytes / now.total_bytes if now.total_bytes else 0.0
            detail = "" if now.problem is None else now.problem.message
            self.teller.moved(item.change(now.phase, id=video or item.id, percent=percent, detail=detail))

        return tell


def _state(item: Item, video: Video) -> Change:
    return item.change(video.status, id=video.id, percent=video.percent, detail=how_far(video))
