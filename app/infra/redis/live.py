"""The adapters of ``LiveStatus`` and ``LiveImports``: Redis pub/sub, with a channel per owner."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, Generic, cast, final

import structlog

from app.domain.backoff import jittered
from app.domain.user import UserId
from app.domain.video import VideoId, VideoProcessing
from app.domain.video_import import VideoImport
from app.infra.redis.best_effort import LIMIT_SECONDS, BestEffort
from app.infra.redis.latest import Latest, S
from app.infra.redis.live_tiles import NewestTiles, TileChannels
from app.infra.redis.snapshot import decoded, decoded_import, encoded, encoded_import
from app.infra.redis.stream import StreamRedis
from app.infra.redis.subscriber import Subscriber
from app.usecases.ports.live_status import LiveTile, Resync, VideoGone

log = structlog.get_logger(__name__)

_VIDEOS: Final = "fiapx:status:"
_IMPORTS: Final = "fiapx:imports:"


@final
class _Audience(Generic[S]):
    """Who watches one owner here; all of them are told to read again at the same time."""

    def __init__(self, resync_seconds: float) -> None:
        self.feeds: set[Latest[S]] = set()
        self.subscribed = asyncio.Event()
        self._seconds = resync_seconds
        self._timer = self._next_tick()

    def tell(self, event: S | VideoGone | Resync) -> None:
        for feed in self.feeds:
            feed.put(event)

    def close(self) -> None:
        self._timer.cancel()

    def _next_tick(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(jittered(self._seconds), self._tick)

    def _tick(self) -> None:
        self.tell(Resync())
        self._timer = self._next_tick()


class _Live(Generic[S]):
    """Snapshots to whoever watches, over one connection for all watchers of the process: the subscriber's.

    Who only publishes needs no subscriber that runs. A channel is subscribed while somebody watches its owner. Every
    reader is told to read again at first, after each reconnect, after a message that cannot be read, and every
    ``resync_seconds``, more or less a fifth. While Redis is away that is all that a reader gets.
    """

    def __init__(
        self,
        redis: StreamRedis,
        subscriber: Subscriber,
        resync_seconds: float,
        prefix: str,
        read: Callable[[bytes], S | VideoGone],
    ) -> None:
        self._redis = redis
        self._resync_seconds = resync_seconds
        self._prefix = prefix
        self._read = read
        self._try = BestEffort("live status")
        self._audiences: dict[str, _Audience[S]] = {}
        self._subscriber = subscriber

    async def _tell(self, owner: UserId, message: bytes) -> None:
        await self._try(self._redis.publish(self._prefix + owner, message))

    @asynccontextmanager
    async def _watch(self, owner: UserId) -> AsyncIterator[AsyncIterator[S | VideoGone | Resync]]:
        """Events of one owner; entering waits for the subscription, for a second at most, since Redis may be away."""
        channel, feed = self._prefix + owner, Latest[S]()
        audience = self._audiences.get(channel)
        if audience is None:
            audience = self._audiences[channel] = _Audience(self._resync_seconds)
        audience.feeds.add(feed)
        try:
            self._subscriber.want(channel, self)
            if not self._subscriber.confirmed(channel):
                with suppress(TimeoutError):
                    async with asyncio.timeout(LIMIT_SECONDS):
                        await audience.subscribed.wait()
            feed.put(Resync())
            yield feed
        finally:
            audience.feeds.discard(feed)
            if not audience.feeds:
                audience.close()
                del self._audiences[channel]
                self._subscriber.drop(channel)

    def on_subscribed(self, channel: str) -> None:
        """Have everybody read again."""
        if audience := self._audiences.get(channel):
            audience.subscribed.set()
            audience.tell(Resync())

    def on_message(self, channel: str, data: bytes) -> None:
        """Pass it on."""
        audience = self._audiences.get(channel)
        if audience is None:
            return
        try:
            event: S | VideoGone | Resync = self._read(data)
        except ValueError:
            log.warning("a status message cannot be read", bytes=len(data))
            event = Resync()  # It still says that something changed.
        audience.tell(event)


@final
class RedisLiveStatus(_Live[VideoProcessing]):
    """See ``_Live``."""

    def __init__(self, redis: StreamRedis, subscriber: Subscriber, resync_seconds: float = 15) -> None:
        super().__init__(redis, subscriber, resync_seconds, _VIDEOS, decoded)
        self._tiles = TileChannels(redis, subscriber)

    async def publish(self, video: VideoProcessing) -> None:
        await self._tell(video.owner, encoded(video))

    async def publish_tile(self, owner: UserId, tile: LiveTile) -> bool:
        """See the port."""
        sent = False

        async def send() -> None:
            nonlocal sent
            sent = await self._tiles.publish(owner, tile)

        return await self._try(send()) and sent

    def watch_tiles(self, owner: UserId) -> AbstractAsyncContextManager[NewestTiles]:
        """See the port."""
        return self._tiles.watch(owner)

    async def publish_gone(self, owner: UserId, video: VideoId) -> None:
        await self._tell(owner, encoded(VideoGone(video)))

    def watch(self, owner: UserId) -> AbstractAsyncContextManager[AsyncIterator[VideoProcessing | VideoGone | Resync]]:
        """See the port."""
        return self._watch(owner)


@final
class RedisLiveImports(_Live[VideoImport]):
    """See ``_Live``; a channel of its own, since a former version would take its messages for broken ones."""

    def __init__(self, redis: StreamRedis, subscriber: Subscriber, resync_seconds: float = 15) -> None:
        super().__init__(redis, subscriber, resync_seconds, _IMPORTS, decoded_import)

    async def publish(self, found: VideoImport) -> None:
        await self._tell(found.owner, encoded_import(found))

    def watch(self, owner: UserId) -> AbstractAsyncContextManager[AsyncIterator[VideoImport | Resync]]:
        """See the port."""
        watched = self._watch(owner)
        return cast("AbstractAsyncContextManager[AsyncIterator[VideoImport | Resync]]", watched)  # None is ever gone.
