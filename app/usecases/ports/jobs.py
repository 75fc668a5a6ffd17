"""The record of processings as operators see it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.failure import FailureCode
from app.domain.lease import Lease
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoId, VideoProcessing
from app.usecases.paging import Slice


@dataclass(frozen=True, slots=True)
class Job:
    """A processing, what surrounds it, and the address of its owner."""

    lease: Lease
    owner_email: str

    @property
    def video(self) -> VideoProcessing:
        """The processing itself."""
        return self.lease.video

    @property
    def id(self) -> str:
        """Its id, by which it is listed."""
        return self.video.id

    @property
    def created_at(self) -> datetime:
        """When it was uploaded, by which it is listed."""
        return self.video.created_at


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which processings: all of these, where nothing is said.

    ``last_of_its_file`` leaves out those whose file was processed again since.
    """

    statuses: AbstractSet[ProcessingStatus] = frozenset()
    owner: UserId | None = None
    code: FailureCode | None = None
    created_before: datetime | None = None
    created_since: datetime | None = None
    ended_since: datetime | None = None
    last_of_its_file: bool = False


class Jobs(Protocol):
    """The table ``video_processings``, whoever's they are; what changes them is in ``Videos``."""

    async def get(self, video: VideoId) -> Job | None: ...
    async def page(self, wanted: JobFilter, part: Slice, *, oldest_first: bool = False) -> Sequence[Job]:
        """Return them by created_at, then id; the newest first where not said otherwise."""

    async def processed_again(self, video: VideoId) -> VideoId | None:
        """Return the last processing of the same file that was made after this one."""

    async def failures(self, since: datetime) -> Mapping[FailureCode, int]:
        """Count those that failed since, by their codes."""

    async def paused(self) -> int:
        """Count the unfinished ones that a pause keeps from beginning."""

    async def wake(self, owner: UserId | None) -> None:
        """Let the sweep look at once at what it put off, of this owner or of all."""
