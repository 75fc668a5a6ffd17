"""LiveStatus and LiveImports within one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.domain.user import UserId
from app.domain.video import VideoId, VideoProcessing
from app.domain.video_import import VideoImport
from app.infra.redis.live_tiles import NewestTiles
from app.usecases.ports.live_status import LiveTile, Resync, VideoGone

Event = VideoProcessing | VideoImport | VideoGone | Resync


class InMemoryLiveStatus:
    """Obeys ports.LiveStatus; ``resync`` does what a reconnect or the 15 seconds do, ``broken`` is nobody's plan."""

    def __init__(self) -> None:
        self._feeds: list[tuple[UserId, _Feed]] = []
        self._tile_readers: list[tuple[UserId, NewestTiles]] = []
        self.published: list[VideoProcessing] = []
        self.broken: Exception | None = None

    def watchers(self, owner: UserId) -> int:
        return sum(watched == owner for watched, _ in self._feeds)

    def break_off(self, error: Exception) -> None:
        """Fail for all who watch now."""
        for _, feed in self._feeds:
            feed.fail(error)

    def resync(self) -> None:
        for _, feed in self._feeds:
            feed.add(Resync())

    async def publish(self, video: VideoProcessing) -> None:
        self.published.append(video)
        self._tell(video.owner, video)

    async def publish_tile(self, owner: UserId, tile: LiveTile) -> bool:
        readers = [reader for watched, reader in self._tile_readers if watched == owner]
        for reader in readers:
            reader.put(tile)
        return bool(readers)

    def tile_watchers(self, owner: UserId) -> int:
        return sum(watched == owner for watched, _ in self._tile_readers)

    @asynccontextmanager
    async def watch_tiles(self, owner: UserId) -> AsyncIterator[NewestTiles]:
        reader = (owner, NewestTiles())
        self._tile_readers.append(reader)
        try:
            yield reader[1]
        finally:
            self._tile_readers.remove(reader)

    async def publish_gone(self, owner: UserId, video: VideoId) -> None:
        self._tell(owner, VideoGone(video))

    @asynccontextmanager
    async def watch(self, owner: UserId) -> AsyncIterator[AsyncIterator[Any]]:
        if self.broken is not None:
            raise self.broken
        feed = _Feed()
        feed.add(Resync())
        self._feeds.append((owner, feed))
        try:
            yield feed
        finally:
            self._feeds.remove((owner, feed))

    def _tell(self, owner: UserId, event: Event) -> None:
        for watched, feed in self._feeds:
            if watched == owner:
                feed.add(event)


class InMemoryLiveImports:
    """Obeys ports.LiveImports."""

    def __init__(self) -> None:
        self._feeds: list[tuple[UserId, _Feed]] = []
        self.published: list[VideoImport] = []

    async def publish(self, found: VideoImport) -> None:
        self.published.append(found)
        for watched, feed in self._feeds:
            if watched == found.owner:
                feed.add(found)

    @asynccontextmanager
    async def watch(self, owner: UserId) -> AsyncIterator[AsyncIterator[Any]]:
        feed = _Feed()
        feed.add(Resync())
        self._feeds.append((owner, feed))
        try:
            yield feed
        finally:
            self._feeds.remove((owner, feed))


class _Feed:
    def __init__(self) -> None:
        self._waiting: list[Event] = []
        self._wake = asyncio.Event()
        self._broken: Exception | None = None

    def fail(self, error: Exception) -> None:
        self._broken = error
        self._wake.set()

    def add(self, event: Event) -> None:
        for place, held in enumerate(self._waiting):
            if isinstance(event, Resync) and isinstance(held, Resync):
                return
            if isinstance(event, Resync) or isinstance(held, Resync) or held.id != event.id:
                continue
            if isinstance(event, VideoGone) or (not isinstance(held, VideoGone) and event.version > held.version):
                self._waiting[place] = event
            return
        self._waiting.append(event)
        self._wake.set()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
            if self._broken is not None:
                raise self._broken
        return self._waiting.pop(0)
