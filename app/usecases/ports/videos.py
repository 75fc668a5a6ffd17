"""The record of processings."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.batch import BatchId
from app.domain.failure import Failure
from app.domain.lease import Lease
from app.domain.storyboard import Storyboard
from app.domain.upload_reservation import AcceptedUpload
from app.domain.user import UserId
from app.domain.video import FramesArchive, MediaInfo, ProcessingStatus, Progress, VideoId, VideoOrder, VideoProcessing
from app.usecases.paging import Slice


@dataclass(frozen=True, slots=True)
class DueVideo:
    """A row whose time has come: it should be on the queue. ``sweeps`` counts how often it was put there in vain.

    ``traceparent`` says in whose trace it was uploaded (W3C Trace Context).
    """

    id: VideoId
    owner: UserId
    sweeps: int
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much is unfinished; ``expired_leases`` are Processing rows that nobody holds any more.

    What a pause keeps from beginning is not in it.
    """

    pending: int
    processing: int
    expired_leases: int
    oldest_pending: datetime | None
    pending_bytes: int = 0
    """How large the files of those are that are Pending."""


@dataclass(frozen=True, slots=True)
class VideoFilter:
    """Which of an owner's processings are meant: those in one of these states, and of all else that is named."""

    statuses: Collection[ProcessingStatus] = frozenset(ProcessingStatus)
    words: Sequence[str] = ()
    """All of them stand in the folded name of the file."""
    created_from: datetime | None = None
    created_to: datetime | None = None
    """What was received then is not meant."""
    batch: BatchId | None = None


class Videos(Protocol):
    """The table ``video_processings``. Each change of state is one UPDATE with the old state in its WHERE.

    Every method that returns bool says whether the one row was changed: False means that somebody else was first.
    """

    async def add(
        self, video: VideoProcessing, *, idempotency_key: str | None, request_digest: str, wake_at: datetime
    ) -> None: ...
    async def get(self, video: VideoId) -> VideoProcessing | None: ...
    async def lease(self, video: VideoId) -> Lease | None: ...
    async def by_idempotency_key(self, owner: UserId, key: str) -> AcceptedUpload | None: ...
    async def count(
        self, owner: UserId, statuses: Collection[ProcessingStatus], batch: BatchId | None = None
    ) -> int: ...
    async def stored_bytes(self, owner: UserId | None) -> int:
        """Add up the owner's sources that are kept, each once, and ZIPs; those of all owners for None."""

    async def page(
        self,
        owner: UserId,
        statuses: Collection[ProcessingStatus],
        part: Slice,
        batch: BatchId | None = None,
    ) -> Sequence[VideoProcessing]:
        """Return the owner's processings, or those in one batch, newest first (by created_at, then id)."""

    async def listed(
        self, owner: UserId, which: VideoFilter, order: VideoOrder, part: Slice
    ) -> Sequence[VideoProcessing]:
        """Return those of the owner's that are meant, in an order, whose values ``ORDERS`` says."""

    async def counts(self, owner: UserId, which: VideoFilter) -> Mapping[ProcessingStatus, int]:
        """Count those of the owner's that are meant, by their states; one in which none is may be left out."""

    async def current(self, owner: UserId, ended_since: datetime, limit: int) -> Sequence[VideoProcessing]:
        """Return what has not ended and what ended since: unfinished ones first, then the newest."""

    async def some(self, owner: UserId, videos: Collection[VideoId]) -> Sequence[VideoProcessing]:
        """Return those of these that exist and are the owner's."""

    async def claim(self, lease: Lease, *, now: datetime, until: datetime, lost_attempts: int) -> bool:
        """Pending, or Processing with its time over, becomes Processing with the next attempt; progress starts anew.

        Not while a pause keeps it from that.
        """

    async def heartbeat(
        self,
        video: VideoId,
        attempt: int,
        *,
        until: datetime,
        progress: Progress,
        media: MediaInfo | None,
        storyboard: Storyboard | None = None,
    ) -> bool:
        """``storyboard`` is what is stored of it by now; None where there is none, or none any more."""

    async def complete(
        self,
        video: VideoId,
        attempt: int,
        *,
        archive: FramesArchive,
        at: datetime,
        media: MediaInfo | None = None,
        storyboard: Storyboard | None = None,
    ) -> bool:
        """``media`` is what was found in the file, where no heartbeat has stored it yet."""

    async def fail(self, seen: VideoProcessing, *, failure: Failure, at: datetime, expired: bool = False) -> bool:
        """Status and attempt must be those seen; with ``expired`` the lease must also have ended before ``at``."""

    async def release(
        self, video: VideoId, attempt: int, *, wake_at: datetime, transient_failures: int, broken_by: Sequence[str] = ()
    ) -> bool:
        """The holder gives it back: it stays Processing, may be claimed from ``wake_at`` on, and is not lost.

        ``broken_by`` are the workers in which it broke, where it broke in this one; without any, those known stay.
        """

    async def release_all(self, *, wake_at: datetime, below: int, run_out_before: datetime | None = None) -> int:
        """Release all that is held and had fewer passing faults in a row than this, as after one; say how many.

        With ``run_out_before`` only those whose lease had run out by then.
        """

    async def due(self, now: datetime, limit: int) -> Sequence[DueVideo]:
        """Return unfinished rows whose wake_at (plus the delay that earlier sweeps added) has passed, oldest first.

        Those that a pause keeps from beginning are left out.
        """

    async def backlog(self, now: datetime) -> Backlog: ...
    async def swept(self, videos: Mapping[VideoId, float], now: datetime) -> None:
        """Count one more sweep of each that is still due, and let so many seconds pass before the next."""

    async def sources(self, owner: UserId) -> Sequence[tuple[VideoId, str]]:
        """Return all the owner's processings, each with the key of its source."""

    async def completed(self, after: VideoId | None, limit: int) -> Sequence[VideoProcessing]:
        """Return Completed ones whose files are kept, in the order of their ids, behind this one."""

    async def kept(self, after: VideoId | None, limit: int) -> Sequence[Lease]:
        """Return those whose files are kept, however they stand, in the order of their ids, behind this one."""

    async def to_expire(self, ended_by: datetime, limit: int) -> Sequence[tuple[UserId, VideoId]]:
        """Return those that had ended by then and whose files are kept, the first that ended first."""

    async def expire(self, video: VideoId, at: datetime) -> bool:
        """Write down that its files are no longer kept, where it has ended and they were."""

    async def remove(self, video: VideoId) -> bool: ...
    async def names_source(self, source_key: str) -> bool:
        """Return whether a row whose files are kept names it."""

    async def known_keys(self, keys: Collection[str]) -> set[str]:
        """Return which of these object keys a row names, as source, archive or contact sheet, or may yet name.

        One whose files are no longer kept names none. An unfinished row may yet name anything under its own
        ``results/{id}/`` prefix.
        """

    async def never_named(self, keys: Collection[str]) -> set[str]:
        """Return which of these are results of a final row that names others, or none: nothing ever names them."""
