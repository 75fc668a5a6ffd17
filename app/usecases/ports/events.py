"""The record of what happened."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from app.domain.events import DomainEvent
from app.domain.video import StatusChange, VideoId


class Events(Protocol):
    """The table ``domain_events``."""

    async def add(self, *events: DomainEvent) -> None: ...
    async def log(self, video: VideoId) -> Sequence[DomainEvent]:
        """Return all that happened to it, in its order."""

    async def history(self, videos: Collection[VideoId]) -> Mapping[VideoId, Sequence[StatusChange]]: ...
