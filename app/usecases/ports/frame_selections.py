"""The record of selections."""

from datetime import datetime
from typing import Protocol

from app.domain.places import Places
from app.domain.video import VideoId


class FrameSelections(Protocol):
    """The table ``frame_selections``: unique by (video, digest). Rows go with their video, or in time."""

    async def keep(self, video: VideoId, places: Places, until: datetime) -> None:
        """Keep a choice until then, or for longer where it is kept already; whoever does it has locked the owner."""

    async def get(self, video: VideoId, digest: str) -> Places | None: ...
    async def forget(self, *, expired_before: datetime, limit: int) -> None:
        """Remove at most so many whose time was over before."""
