"""The newest small pictures: Redis pub/sub, with a channel per owner that only who wants them listens to."""

import base64
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, final

import structlog
from pydantic import TypeAdapter

from app.domain.user import UserId
from app.domain.video import VideoId, VideoProcessing
from app.infra.redis.stream import StreamRedis
from app.infra.redis.subscriber import Subscriber
from app.usecases.ports.live_status import LiveTile

log = structlog.get_logger(__name__)

_TILES: Final = "fiapx:tiles:"
_MOST_VIDEOS: Final = 100
"""Of so many videos one reader is kept the newest picture: 600 KiB."""


@dataclass(frozen=True, slots=True)
class _Message:
    video: VideoId
    attempt: int
    jpeg: str
    """In base64."""


_JSON: Final = TypeAdapter(_Message)


@final
class NewestTiles:
    """The port's ``LiveTiles`` of one reader: of each video the newest, and of many videos those that came last."""

    def __init__(self) -> None:
        self._tiles = OrderedDict[VideoId, LiveTile]()

    def put(self, came: LiveTile) -> None:
        """Take one, in place of the former one of its video."""
        self._tiles.pop(came.video, None)
        self._tiles[came.video] = came
        if len(self._tiles) > _MOST_VIDEOS:
            self._tiles.popitem(last=False)

    def newest(self, video: VideoProcessing) -> bytes | None:
        """See the port."""
        came = self._tiles.get(video.id)
        if came is None or came.attempt > video.attempt:  # The snapshot of its attempt has yet to come.
            return None
        del self._tiles[video.id]
        return came.jpeg if came.attempt == video.attempt and not video.status.final else None


@final
class TileChannels:
    """One channel for each owner, over the connection of all watchers of the process: the subscriber's."""

    def __init__(self, redis: StreamRedis, subscriber: Subscriber) -> None:
        self._redis = redis
        self._subscriber = subscriber
        self._readers: dict[str, set[NewestTiles]] = {}

    async def publish(self, owner: UserId, tile: LiveTile) -> bool:
        """Send it where somebody listens; return whether that is so."""
        channel = _TILES + owner
        ((_, listening),) = await self._redis.pubsub_numsub(channel)
        if not listening:
            return False
        message = _Message(tile.video, tile.attempt, base64.b64encode(tile.jpeg).decode())
        await self._redis.publish(channel, _JSON.dump_json(message))
        return True

    @asynccontextmanager
    async def watch(self, owner: UserId) -> AsyncIterator[NewestTiles]:
        """Listen until the block is left; what is published before the subscription stands is missed."""
        channel, reader = _TILES + owner, NewestTiles()
        self._readers.setdefault(channel, set()).add(reader)
        self._subscriber.want(channel, self)
        try:
            yield reader
        finally:
            readers = self._readers[channel]
            readers.discard(reader)
            if not readers:
                del self._readers[channel]
                self._subscriber.drop(channel)

    def on_subscribed(self, channel: str) -> None:
        """Do nothing: the next picture is soon there."""

    def on_message(self, channel: str, data: bytes) -> None:
        """Pass it on."""
        try:
            said = _JSON.validate_json(data)
            tile = LiveTile(said.video, said.attempt, base64.b64decode(said.jpeg, validate=True))
        except ValueError:
            log.warning("a small picture cannot be read", bytes=len(data))
            return
        for reader in self._readers.get(channel, ()):
            reader.put(tile)
