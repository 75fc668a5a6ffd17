"""ListUserVideos."""

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, final

from app.domain.errors import InvalidInput, VideoNotFound
from app.domain.video import ProcessingStatus, StatusChange, VideoId, VideoProcessing, parsed_video_id
from app.usecases.ownership import owned_video
from app.usecases.ports import PageKey, Transactions, Viewer

MAX_PAGE: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR_MAX: Final = 128
_MILLISECONDS_MAX: Final = 253_402_300_799_999  # The year 9999, the last that a datetime can hold.


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a user's list, newest first."""

    videos: Sequence[VideoProcessing]
    has_next: bool


@final
@dataclass(frozen=True, slots=True)
class ListUserVideos:
    """Give a page of the viewer's processings by keyset, so that new ones in front move nothing.

    :raises InvalidInput: for a page size outside 1 to 100 or a cursor that is not ours
    """

    transactions: Transactions

    async def __call__(
        self, viewer: Viewer, first: int = 20, after: str | None = None, statuses: Collection[ProcessingStatus] = ()
    ) -> Page:
        if not 1 <= first <= MAX_PAGE:
            raise InvalidInput(f"A page has 1 to {MAX_PAGE} videos.", field=("first",))
        key = None if after is None else page_key(after)
        wanted = frozenset(statuses) or frozenset(ProcessingStatus)
        found = await self.transactions.read(lambda t: t.videos.page(viewer.id, wanted, key, first + 1))
        return Page(found[:first], has_next=len(found) > first)


@final
@dataclass(frozen=True, slots=True)
class CountUserVideos:
    """Count the viewer's processings in these states; in all of them where none is named."""

    transactions: Transactions

    async def __call__(self, viewer: Viewer, statuses: Collection[ProcessingStatus] = ()) -> int:
        wanted = frozenset(statuses) or frozenset(ProcessingStatus)
        return await self.transactions.read(lambda t: t.videos.count(viewer.id, wanted))


@final
@dataclass(frozen=True, slots=True)
class ShowVideo:
    """Give one processing of the viewer's.

    :raises VideoNotFound: where there is none
    :raises VideoNotBelongsToUser: where it is another's
    """

    transactions: Transactions

    async def __call__(self, viewer: Viewer, video: VideoId) -> VideoProcessing:
        return await self.transactions.read(lambda t: owned_video(t, viewer, video))


@final
@dataclass(frozen=True, slots=True)
class ShowHistories:
    """Give the status logs of processings that the viewer was already shown, many in one read."""

    transactions: Transactions

    async def __call__(self, videos: Sequence[VideoId]) -> Sequence[Sequence[StatusChange]]:
        histories = await self.transactions.read(lambda t: t.events.history(videos))
        return [histories.get(video, ()) for video in videos]


def cursor(video: VideoProcessing) -> str:
    """Name a video's place in the list, opaque to clients."""
    milliseconds = (video.created_at - _EPOCH) // timedelta(milliseconds=1)
    return base64.urlsafe_b64encode(f"{milliseconds}:{video.id}".encode()).decode().rstrip("=")


def page_key(text: str) -> PageKey:
    """Read a cursor.

    :raises InvalidInput: where it is not one of ours
    """
    wrong = InvalidInput("This cursor is not valid.", field=("after",))
    if len(text) > _CURSOR_MAX or not text.isascii():
        raise wrong
    try:
        when, _, video = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True).decode().partition(":")
        milliseconds = int(when)
        key = PageKey(_EPOCH + timedelta(milliseconds=milliseconds), parsed_video_id(video))
    except (ValueError, binascii.Error, OverflowError, VideoNotFound):
        raise wrong from None
    if not 0 <= milliseconds <= _MILLISECONDS_MAX:
        raise wrong
    return key
