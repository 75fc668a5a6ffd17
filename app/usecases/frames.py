"""The pictures of a finished ZIP, one by one."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, final

from app.domain import base64url
from app.domain.errors import FrameNotFound, InvalidInput, VideoNotFound
from app.domain.frame import ArchivedFrame
from app.domain.retention import Retention
from app.domain.session import Viewer
from app.domain.video import FramesArchive, VideoId, VideoProcessing, archive_key
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.paging import Wanted
from app.usecases.ports.clock import Clock
from app.usecases.ports.frame_indexes import FrameIndexes
from app.usecases.ports.frame_links import FrameTicket
from app.usecases.ports.storage import ObjectMissing
from app.usecases.ports.transactions import Transactions

_CURSOR: Final = "frame:"
_CURSOR_MAX: Final = 32
GONE: Final = "The ZIP of this video is no longer stored."


@dataclass(frozen=True, slots=True)
class FramePage:
    """The part of a ZIP's pictures, in their order, that its ``places`` name, of ``count`` in all."""

    frames: Sequence[ArchivedFrame]
    count: int
    places: tuple[int, int]

    @property
    def has_next(self) -> bool:
        """Whether more follow."""
        return self.places[1] < self.count

    @property
    def has_previous(self) -> bool:
        """Whether others come before."""
        return self.places[0] > 1


@final
@dataclass(frozen=True, slots=True)
class FrameUseCases:
    """Show what there is to know of each picture, and which bytes of the ZIP it is.

    :raises VideoNotFound: from each that names a video, where there is none, or where its ZIP is lost
    :raises VideoNotBelongsToUser: where it is another's
    :raises VideoExpired: where the ZIP is no longer kept
    :raises ProcessingNotFinished: where there is no ZIP, or not yet
    :raises FramesUnreadable: where what is stored of the pictures does not fit the ZIP
    """

    transactions: Transactions
    clock: Clock
    retention: Retention
    download: DownloadProcessedZip
    indexes: FrameIndexes

    async def page(self, viewer: Viewer, video: VideoId, wanted: Wanted) -> tuple[VideoProcessing, FramePage]:
        """Return some of the pictures; raises ``InvalidInput`` as ``places`` does."""
        found, archive = await self.download(viewer, video)
        return found, await self.page_of(archive, wanted)

    async def page_of(self, archive: FramesArchive, wanted: Wanted) -> FramePage:
        """Return some of the pictures of a ZIP that its owner was already shown."""
        places = places_of(wanted, archive.frame_count)
        with _stored():
            return FramePage(await self.indexes.frames(archive, *places), archive.frame_count, places)

    async def at(self, viewer: Viewer, video: VideoId, seconds: float) -> tuple[VideoProcessing, ArchivedFrame]:
        """Return the picture that had come last at this time of the film.

        :raises InvalidInput: where it is no time
        :raises FrameNotFound: before the first picture, and from the end of the film on
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise InvalidInput("A time is in seconds from the start of the film, 0 or more.", field=("at",))
        found, archive = await self.download(viewer, video)
        lasts = found.media.duration_seconds if found.media else None
        if lasts is not None and seconds >= lasts:
            raise FrameNotFound("The film has ended by this time.")
        with _stored():
            frame = await self.indexes.at(archive, seconds)
        if frame is None:
            raise FrameNotFound("The pictures of this video begin later.")
        return found, frame

    async def one(
        self, viewer: Viewer, video: VideoId, index: int
    ) -> tuple[VideoProcessing, FramesArchive, ArchivedFrame]:
        """Return the picture of this place, from 1; raises ``FrameNotFound`` where there are not so many."""
        found, archive = await self.download(viewer, video)
        if not 1 <= index <= archive.frame_count:
            raise FrameNotFound(f"This video has the pictures 1 to {archive.frame_count}.")
        with _stored():
            (frame,) = await self.indexes.frames(archive, index, index)
        return found, archive, frame

    async def by_ticket(self, ticket: FrameTicket) -> tuple[VideoProcessing, FramesArchive]:
        """Return what a link leads into, which may have gone since it was made.

        The link names the attempt that made the ZIP, so it never reads anything of another one.
        """
        found = await self.transactions.read(lambda t: t.videos.get(ticket.video))
        found, archive = still_there(found, ticket.attempt, self.retention, self.clock.now())
        if ticket.offset + ticket.size_bytes > archive.size_bytes:
            raise FrameNotFound
        return found, archive


def places_of(wanted: Wanted, count: int) -> tuple[int, int]:
    """Return the first and the last wanted of so many, by their places from 1; the last lies before the first for none.

    :raises InvalidInput: as ``Wanted.size`` does, and for a cursor that is not ours
    """
    size = wanted.size
    begin = 1 if wanted.after is None else _place(wanted.after, "after") + 1
    end = count if wanted.before is None else min(count, _place(wanted.before, "before") - 1)
    return (begin, min(end, begin + size - 1)) if wanted.last is None else (max(begin, end - size + 1), end)


def still_there(
    found: VideoProcessing | None, attempt: int, retention: Retention, now: datetime
) -> tuple[VideoProcessing, FramesArchive]:
    """Return what was found by a link to something of the ZIP that this attempt made.

    :raises VideoNotFound: where the video is gone, or has the ZIP of another attempt
    :raises VideoExpired: where the ZIP is no longer kept
    """
    if found is None:
        raise VideoNotFound
    retention.refuse_expired(found, now)
    archive = found.archive
    if archive is None or archive.key != archive_key(found.id, attempt):
        raise VideoNotFound(GONE)
    return found, archive


def frame_cursor(index: int) -> str:
    """Name the place of a picture, opaque to clients."""
    return base64url.encoded(f"{_CURSOR}{index}".encode())


def after_for(index: int | None, after: str | None) -> str | None:
    """Return the cursor of the one before a place, for who goes anywhere at once; ``after`` where none is named.

    :raises InvalidInput: where there is no such place, or where a cursor was given too
    """
    if index is None:
        return after
    if after is not None:
        raise InvalidInput("Say where the page begins once: by after or by fromIndex.", field=("fromIndex",))
    if index < 1:
        raise InvalidInput("Pictures are counted from 1.", field=("fromIndex",))
    return frame_cursor(index - 1)


def _place(cursor: str, field: str) -> int:
    wrong = InvalidInput("This cursor is not valid.", field=(field,))
    if len(cursor) > _CURSOR_MAX:
        raise wrong
    try:
        text = base64url.decoded(cursor).decode("ascii")
    except ValueError:
        raise wrong from None
    number = text.removeprefix(_CURSOR)
    if number == text or not number.isdigit() or number != str(int(number)):
        raise wrong
    return int(number)


@contextmanager
def _stored() -> Iterator[None]:
    try:
        yield
    except ObjectMissing:
        raise VideoNotFound(GONE) from None
