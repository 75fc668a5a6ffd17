"""What a slow reader is left with: the latest of each video, or of each import."""

import asyncio
from typing import Final, Generic, Protocol, TypeVar, final

from app.domain.user import UserId
from app.domain.video import VideoId
from app.usecases.ports.live_status import Resync, VideoGone

_MAX_VIDEOS: Final = 1000


class Snapshot(Protocol):
    """How something of somebody's is at one version."""

    @property
    def id(self) -> VideoId: ...
    @property
    def owner(self) -> UserId: ...
    @property
    def version(self) -> int: ...


S = TypeVar("S", bound=Snapshot)


@final
class Latest(Generic[S]):
    """A queue of one reader that holds at most one event for each video, in the order of their first arrival.

    Of two snapshots the one with the higher version stays, and word that a video is gone outlives any snapshot. One
    ``Resync`` at most is held, since whoever reads it reads all that came before. With more than 1,000 videos waiting
    everything makes way for a ``Resync``: the rows know it all.
    """

    def __init__(self) -> None:
        self._events: dict[VideoId | None, S | VideoGone | Resync] = {}
        self._arrived = asyncio.Event()

    def put(self, event: S | VideoGone | Resync) -> None:
        """Add an event, without waiting."""
        if isinstance(event, Resync):
            self._events.setdefault(None, event)
        elif not self._outdated(event):
            self._events[event.id] = event
            if len(self._events) > _MAX_VIDEOS:
                self._events = {None: Resync()}
        self._arrived.set()

    def _outdated(self, event: S | VideoGone) -> bool:
        held = self._events.get(event.id)
        if held is None or isinstance(held, Resync) or isinstance(event, VideoGone):
            return isinstance(held, VideoGone)
        return isinstance(held, VideoGone) or event.version < held.version

    def __aiter__(self) -> "Latest[S]":
        return self

    async def __anext__(self) -> S | VideoGone | Resync:
        """Return the next event; being cancelled loses none."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.pop(next(iter(self._events)))
