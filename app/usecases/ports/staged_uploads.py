"""The record of uploads in parts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from app.domain.staged_upload import StagedUpload
from app.domain.user import UserId
from app.domain.video import VideoId


class StagedUploads(Protocol):
    """The table ``staged_uploads``: a row lives for as long as its reservation, which is there before it."""

    async def add(self, upload: StagedUpload) -> None:
        """Write down what the reservation does not say."""

    async def get(self, upload: VideoId) -> StagedUpload | None: ...
    async def of(self, owner: UserId) -> Sequence[StagedUpload]: ...
    async def by_fingerprint(self, owner: UserId, fingerprint_sha256: str, now: datetime) -> StagedUpload | None:
        """Return the owner's that has this fingerprint and has not expired."""

    async def change(self, upload: StagedUpload) -> None:
        """Let the one with this id have this name, these options and this batch."""
