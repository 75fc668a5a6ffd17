"""WatchVideoStatus: what the brief's users see live."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self, TypeAlias, final

from app.domain.errors import VideoNotFound
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoId, VideoProcessing
from app.usecases.ownership import owned_video
from app.usecases.ports import (
    Clock,
    DatabaseUnavailable,
    LiveStatus,
    Resync,
    Transaction,
    Transactions,
    VideoGone,
    Viewer,
)

_Event: TypeAlias = VideoProcessing | VideoGone | Resync

_AT_FIRST: Final = timedelta(hours=1)
_OVERLAP: Final = timedelta(seconds=10)
"""So much before the last reading began the next one looks back: what ended then may have been committed later."""
_MAX_READ: Final = 100
_PROGRESS_SECONDS: Final = 0.25


@final
@dataclass(frozen=True, slots=True)
class WatchVideoStatus:
    """Give the present state of one processing, or of all the viewer's, and then every change.

    With an id it ends after the final state or word that the video is gone. Without one it never ends; it begins with
    what is unfinished and what ended within the last hour, a hundred at most. Progress of a video comes at most four
    times a second, the newest always, and a change of state is never held back.

    What is published is a hint and the row is the truth: it subscribes first and then reads, and reads again whenever
    something may have been missed, each time also what this viewer was last shown unfinished. So every end and every
    deletion arrives. A database out of reach is waited for.

    :raises VideoNotFound: where there is no video of this id
    :raises VideoNotBelongsToUser: where it is another's
    """

    transactions: Transactions
    live: LiveStatus
    clock: Clock

    async def __call__(
        self, viewer: Viewer, video: VideoId | None
    ) -> AsyncGenerator[VideoProcessing | VideoGone, None]:
        shown = _Shown()
        reading = _All(self.clock, viewer.id, shown) if video is None else _One(viewer, video)
        async with self.live.watch(viewer.id) as feed, _Timed(feed) as events:
            while True:
                event = await events.next(shown.seconds_to_next())
                if isinstance(event, Resync):
                    try:
                        found = await reading(self.transactions)
                    except DatabaseUnavailable:
                        found = ()  # The next Resync reads again.
                elif event is None or video not in {None, event.id}:
                    found = ()
                else:
                    found = (event,)
                for news in shown.news(found):
                    yield news
                    if video is not None and (isinstance(news, VideoGone) or news.status.final):
                        return


@dataclass(slots=True)
class _One:
    """Reads one video; that it is there and the viewer's own is asked the first time."""

    viewer: Viewer
    video: VideoId
    found_before: bool = False

    async def __call__(self, transactions: Transactions) -> Collection[VideoProcessing | VideoGone]:
        try:
            found = await transactions.read(lambda t: owned_video(t, self.viewer, self.video))
        except VideoNotFound:
            if not self.found_before:
                raise
            return (VideoGone(self.video),)
        self.found_before = True
        return (found,)


@dataclass(slots=True)
class _All:
    """Reads what is unfinished, what ended since the last reading, and what the viewer was last shown unfinished."""

    clock: Clock
    owner: UserId
    shown: "_Shown"
    since: datetime | None = None

    async def __call__(self, transactions: Transactions) -> Collection[VideoProcessing | VideoGone]:
        began, unfinished = self.clock.now(), frozenset(self.shown.unfinished)

        async def step(t: Transaction) -> dict[VideoId, VideoProcessing]:
            found = await t.videos.current(self.owner, self.since or began - _AT_FIRST, _MAX_READ)
            missing = unfinished - {video.id for video in found}
            more = await t.videos.some(self.owner, missing) if missing else ()
            return {video.id: video for video in (*found, *more)}

        found = await transactions.read(step)
        self.since = began - _OVERLAP
        return [*found.values(), *(VideoGone(video) for video in unfinished - found.keys())]


@dataclass(frozen=True, slots=True)
class _Last:
    """The last snapshot of a video that was shown, and when on the loop's clock."""

    version: int
    state: tuple[ProcessingStatus, int]
    at: float


@dataclass(slots=True)
class _Shown:
    """What one viewer was shown, and so what is news to them."""

    last: dict[VideoId, _Last] = field(default_factory=dict)
    unfinished: set[VideoId] = field(default_factory=set)
    gone: set[VideoId] = field(default_factory=set)
    held_back: dict[VideoId, VideoProcessing] = field(default_factory=dict)

    def news(self, events: Iterable[VideoProcessing | VideoGone]) -> Iterator[VideoProcessing | VideoGone]:
        """Give what of these is newer than what was shown, and the progress that was held back for long enough."""
        now = asyncio.get_running_loop().time()
        for event in events:
            if event.id in self.gone:
                continue
            if isinstance(event, VideoGone):
                self._forget(event.id)
                yield event
            elif self._newer(event):
                self.held_back[event.id] = event
                if self._due(event) <= now:
                    yield self._show(event, now)
        for video in [video for video in self.held_back.values() if self._due(video) <= now]:
            yield self._show(video, now)

    def seconds_to_next(self) -> float | None:
        """How long until progress that is held back may be shown; None where there is none."""
        if not self.held_back:
            return None
        return max(0.0, min(map(self._due, self.held_back.values())) - asyncio.get_running_loop().time())

    def _newer(self, video: VideoProcessing) -> bool:
        known = self.held_back.get(video.id) or self.last.get(video.id)
        return known is None or video.version > known.version

    def _due(self, video: VideoProcessing) -> float:
        last = self.last.get(video.id)
        return last.at + _PROGRESS_SECONDS if last and last.state == (video.status, video.attempt) else 0.0

    def _show(self, video: VideoProcessing, now: float) -> VideoProcessing:
        self.held_back.pop(video.id, None)
        self.last[video.id] = _Last(video.version, (video.status, video.attempt), now)
        (self.unfinished.discard if video.status.final else self.unfinished.add)(video.id)
        return video

    def _forget(self, video: VideoId) -> None:
        self.gone.add(video)
        self.unfinished.discard(video)
        self.held_back.pop(video, None)
        self.last.pop(video, None)


@final
class _Timed:
    """Waits for a feed's next event for a limited time, without losing the one that comes later."""

    def __init__(self, feed: AsyncIterator[_Event]) -> None:
        self._feed = feed
        self._next: asyncio.Future[_Event] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait([self._next])

    async def next(self, seconds: float | None) -> _Event | None:
        """Give the next event, or None where none came in time."""
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._feed))
        await asyncio.wait([self._next], timeout=seconds)
        if not self._next.done():
            return None
        event, self._next = self._next.result(), None
        return event
