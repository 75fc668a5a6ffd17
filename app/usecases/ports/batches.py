"""The record of batches, and of which videos are in them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.batch import Batch, BatchCounts, BatchId
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoId
from app.usecases.paging import Slice


class Batches(Protocol):
    """The tables ``batches`` and ``batch_videos``. A video is in one batch, or in none."""

    async def add(self, batch: Batch) -> None: ...
    async def get(self, batch: BatchId) -> Batch | None: ...
    async def by_name(self, owner: UserId, name: str) -> Batch | None: ...
    async def count(self, owner: UserId) -> int: ...
    async def page(self, owner: UserId, part: Slice) -> Sequence[Batch]:
        """Return the owner's, newest first (by created_at, then id)."""

    async def counts(self, batches: Collection[BatchId]) -> Mapping[BatchId, BatchCounts]:
        """Return how the videos of these stand; one without videos is left out."""

    async def join(self, batch: BatchId, video: VideoId) -> None:
        """Write down that a new video is in it."""

    async def of_video(self, video: VideoId) -> Batch | None:
        """Return the batch that a video is in."""

    async def videos(self, batch: BatchId, statuses: Collection[ProcessingStatus]) -> Sequence[VideoId]:
        """Return the ids of its videos that are in these states, the first of them first."""

    async def close(self, batch: BatchId, at: datetime) -> None:
        """Write down since when it is being deleted, where that is not known yet."""

    async def remove(self, batch: BatchId) -> None:
        """Remove it, but no video."""
