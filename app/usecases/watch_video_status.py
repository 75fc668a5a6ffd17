"""WatchVideoStatus: what the brief's users see live."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias, final

from app.domain.errors import VideoNotFound
from app.domain.session import Viewer
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoId, VideoProcessing
from app.usecases.ownership import owned
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus, LiveTiles, Resync, VideoGone
from app.usecases.ports.transactions import Transactions
from app.usecases.shared_reads import SharedReads

_Event: TypeAlias = VideoProcessing | VideoGone | Resync

_RECENTLY: Final = timedelta(hours=1)
_MAX_READ: Final = 100
_PROGRESS_SECONDS: Final = 0.25


@final
class WatchVideoStatus:
    """Yield the present state of one processing, or of all the viewer's, and then every change.

    With an id it ends after the final state or word that the video is gone. Without one it never ends; it begins with
    what is unfinished and what ended within the last hour, a hundred at most. Progress of a video comes at most four
    times a second, the newest always, and a change of state is never held back.

    What is published is a hint and the row is the truth: it subscribes first and then reads, and reads again whenever
    something may have been missed, each time also what this viewer was last shown unfinished. So every end and every
    deletion arrives. A database out of reach is waited for. All who watch one user here read together.

    :raises VideoNotFound: where there is no video of this id
    :raises VideoNotBelongsToUser: where it is another's
    """

    def __init__(self, transactions: Transactions, live: LiveStatus, clock: Clock) -> None:
        self._transactions = transactions
        self._live = live
        self._clock = clock
        self._current = SharedReads(self._read_current)
        self._one = SharedReads(self._read_one)

    async def __call__(
        self, viewer: Viewer, video: VideoId | None
    ) -> AsyncGenerator[VideoProcessing | VideoGone, None]:
        shown, known = _Shown(), False
        async with self._live.watch(viewer.id) as feed:
            while True:
                event = await _next(feed, shown.seconds_to_next())
                if isinstance(event, Resync):
                    try:
                        found = await (
                            self._all(viewer.id, shown) if video is None else self._own(viewer, video, known=known)
                        )
                        known = True
                    except DatabaseUnavailable:
                        found = ()  # The next Resync reads again.
                elif event is None or video not in {None, event.id}:
                    found = ()
                else:
                    found = (event,)
                for unseen in shown.unseen(found):
                    yield unseen
                    if video is not None and (isinstance(unseen, VideoGone) or unseen.status.final):
                        return

    def tiles(self, viewer: Viewer) -> AbstractAsyncContextManager[LiveTiles]:
        """Take the newest small pictures of the viewer's videos, for the events that are yielded meanwhile."""
        return self._live.watch_tiles(viewer.id)

    async def _all(self, owner: UserId, shown: "_Shown") -> Collection[VideoProcessing | VideoGone]:
        """Read what is unfinished or ended recently, and what else the viewer was last shown unfinished."""
        unfinished = frozenset(shown.unfinished)
        found = {video.id: video for video in await self._current(owner)}
        if missing := unfinished - found.keys():
            more = await self._transactions.read(lambda t: t.videos.some(owner, missing))
            found.update({video.id: video for video in more})
        return [*found.values(), *(VideoGone(video) for video in unfinished - found.keys())]

    async def _own(self, viewer: Viewer, video: VideoId, *, known: bool) -> Collection[VideoProcessing | VideoGone]:
        """Read one video; until it is known to be there and the viewer's own, an error says that it is not."""
        try:
            return (owned(await self._one(video), viewer),)
        except VideoNotFound:
            if not known:
                raise
            return (VideoGone(video),)

    async def _read_current(self, owner: UserId) -> Sequence[VideoProcessing]:
        since = self._clock.now() - _RECENTLY
        return await self._transactions.read(lambda t: t.videos.current(owner, since, _MAX_READ))

    async def _read_one(self, video: VideoId) -> VideoProcessing | None:
        return await self._transactions.read(lambda t: t.videos.get(video))


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

    def unseen(self, events: Iterable[VideoProcessing | VideoGone]) -> Iterator[VideoProcessing | VideoGone]:
        """Return what of these is newer than what was shown, and the progress that was held back for long enough."""
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


async def _next(feed: AsyncIterator[_Event], seconds: float | None) -> _Event | None:
    """Return the next event, or None where none came in time; a feed loses none by being cancelled."""
    try:
        async with asyncio.timeout(seconds):
            return await anext(feed)
    except TimeoutError:
        return None
