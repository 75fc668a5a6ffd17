"""What is wrong with a service, by what was read of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from app.domain.described import Described
from app.domain.failure import FailureCode
from app.domain.lease import Lease
from app.domain.times import iso8601
from app.domain.video import UNFINISHED, ProcessingStatus

SOON: Final = timedelta(minutes=3)
"""A row that is due is on the queue by then: the sweep looks every 5 s, and at each row once a minute at least."""
LONG: Final = timedelta(minutes=10)
"""Nothing that is due waits for so long where all is well."""
_APART_SECONDS: Final = 1.0


class FindingCode(Described):
    """What was found, for programs."""

    PART = "PART", "A part of the service does not do."
    SCHEMA_NEWER = "SCHEMA_NEWER", "A newer version has migrated the database."
    CLOCKS_APART = "CLOCKS_APART", "Two clocks differ by more than a second."
    ZIP_MISSING = "ZIP_MISSING", "The storage has no ZIP of a Completed."
    ZIP_SIZE = "ZIP_SIZE", "A ZIP has another size than its row says."
    SOURCE_GONE = "SOURCE_GONE", "The storage has no source of a row that may need it."
    NOT_QUEUED = "NOT_QUEUED", "A row has been due for minutes, and no entry of the queue names it."
    LEASE_EXPIRED = "LEASE_EXPIRED", "A lease ran out long ago, and nobody has taken it over."
    NO_WORKERS = "NO_WORKERS", "Videos wait for long, and no worker is there."
    NOTIFICATIONS_DUE = "NOTIFICATIONS_DUE", "Notifications have been due for long."
    REMOVALS_DUE = "REMOVALS_DUE", "Objects that were given up have been due to go for long."
    ORPHAN = "ORPHAN", "An object that no row and no reservation names."
    FOREIGN_BUCKET = "FOREIGN_BUCKET", "Of all objects of the bucket no row names any."
    UNFINISHED_UPLOAD = "UNFINISHED_UPLOAD", "A multipart upload that is older than any that is under way."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a code for programs, a sentence for people, and what it is about."""

    code: FindingCode
    sentence: str
    about: Mapping[str, object] = field(default_factory=dict)


class RepairKind(Described):
    """What mends findings of some kinds; of all others a person has to decide."""

    mends: frozenset[FindingCode]

    def __init__(self, _value: str, _description: str, *mends: FindingCode) -> None:
        self.mends = frozenset(mends)

    REPLACE_LOST_ZIPS = "replace_lost_zips", "Videos processed again whose ZIP was lost", FindingCode.ZIP_MISSING
    RELEASE = "release", "Leases given back that ran out long ago", FindingCode.LEASE_EXPIRED
    SWEEP = "sweep", "Videos put on the queue", FindingCode.NOT_QUEUED
    COLLECT_GARBAGE = "collect_garbage", "Orphans removed", FindingCode.ORPHAN, FindingCode.UNFINISHED_UPLOAD
    REMOVE_OBJECTS = "remove_objects", "Removals carried out", FindingCode.REMOVALS_DUE


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done, and to how many; or the ``fault`` that kept it from being done to the end."""

    kind: RepairKind
    count: int
    fault: str | None = None

    @property
    def sentence(self) -> str:
        """What people are told."""
        done = f"{self.kind.description}: {self.count}."
        return done if self.fault is None else f"Not done, {self.kind}: {self.fault}"


@dataclass(frozen=True, slots=True)
class RowAsFound:
    """A row, and what the storage and the queue have of it."""

    lease: Lease
    has_source: bool
    zip_bytes: int | None
    """How large the ZIP is that it names; None where there is none."""
    is_queued: bool

    def findings(self, now: datetime) -> Sequence[Finding]:
        """Return what is wrong with it."""
        return [*self._of_objects(), *(self._of_standing_still(now) if self._unfinished else ())]

    @property
    def _unfinished(self) -> bool:
        return self.lease.video.status in UNFINISHED

    def _of_objects(self) -> Iterator[Finding]:
        video, archive = self.lease.video, self.lease.video.archive
        about = {"video": video.id}
        if archive is not None and self.zip_bytes is None:
            sentence = f"The ZIP of video {video.id}, which is Completed, is not in the storage ({archive.key})."
            yield Finding(FindingCode.ZIP_MISSING, sentence, {**about, "object": archive.key})
        elif archive is not None and self.zip_bytes != archive.size_bytes:
            yield Finding(
                FindingCode.ZIP_SIZE,
                f"The ZIP of video {video.id} has {self.zip_bytes} bytes, where its row says {archive.size_bytes}: "
                "restore it, or let its owner process the video again.",
                {**about, "object": archive.key, "bytes": self.zip_bytes or 0, "expected_bytes": archive.size_bytes},
            )
        said = video.failure is not None and video.failure.code is FailureCode.SOURCE_MISSING
        if not self.has_source and not said:
            yield Finding(
                FindingCode.SOURCE_GONE,
                f"The file of video {video.id}, which is {video.status}, is not in the storage ({video.source_key}): "
                "restore it, or it cannot be processed any more.",
                {**about, "object": video.source_key, "status": video.status},
            )

    def _of_standing_still(self, now: datetime) -> Iterator[Finding]:
        video, due = self.lease.video, iso8601(self.lease.wake_at)
        about = {"video": video.id, "status": video.status, "due": due, "attempt": video.attempt}
        if not self.is_queued and is_overdue(self.lease, now):
            sentence = f"Video {video.id} is {video.status} and due since {due}, and the queue knows nothing of it."
            yield Finding(FindingCode.NOT_QUEUED, sentence, about)
        held = video.status is ProcessingStatus.PROCESSING and not self.lease.released and not self.lease.paused
        if held and self.lease.wake_at < now - LONG:
            yield Finding(
                FindingCode.LEASE_EXPIRED,
                f"Attempt {video.attempt} at video {video.id} lost its lease at {due}, and no worker has taken it "
                "over: see whether workers run and have a slot free.",
                about,
            )


def is_overdue(lease: Lease, now: datetime) -> bool:
    """Return whether an unfinished row has been due for so long that the queue must know it."""
    return lease.video.status in UNFINISHED and not lease.paused and lease.wake_at < now - SOON


def orphan(key: str, size_bytes: int, modified_at: datetime) -> Finding:
    """Return the finding for an object that nobody names and that is old enough."""
    at = iso8601(modified_at)
    sentence = f"No row and no reservation names the object {key} ({size_bytes} bytes, written at {at})."
    return Finding(FindingCode.ORPHAN, sentence, {"object": key, "bytes": size_bytes, "modified": at})


def unfinished_upload(key: str, began_at: datetime) -> Finding:
    """Return the finding for a multipart upload that is older than any that is under way."""
    sentence = f"A multipart upload of {key} began at {iso8601(began_at)} and has neither been ended nor aborted."
    return Finding(FindingCode.UNFINISHED_UPLOAD, sentence, {"object": key, "began": iso8601(began_at)})


def of_bucket(*, named: int, orphans: int) -> Iterator[Finding]:
    """Yield what is wrong with a bucket that has orphans, and so many objects that rows name."""
    if orphans and not named:
        sentence = (
            f"Of the bucket's objects no row names any, and {orphans} seem to be orphans: see whether it is the right "
            "one (FIAPX_S3_BUCKET) and whether this is its database (FIAPX_DATABASE_URL). Nothing is removed."
        )
        yield Finding(FindingCode.FOREIGN_BUCKET, sentence, {"orphans": orphans})


def of_workers(count: int | None, oldest_pending: datetime | None, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong where so many workers are there, if that is known, and a video has waited since then."""
    if count == 0 and oldest_pending is not None and oldest_pending < now - LONG:
        since = iso8601(oldest_pending)
        sentence = f"Videos wait, the oldest since {since}, and no worker for them is there: start one."
        yield Finding(FindingCode.NO_WORKERS, sentence, {"since": since})


def of_what_is_due(notifications: int, removals: int) -> Iterator[Finding]:
    """Yield what is wrong with so many notifications and removals that have been due for ``LONG``."""
    for code, count, what in (
        (FindingCode.NOTIFICATIONS_DUE, notifications, "Notifications due"),
        (FindingCode.REMOVALS_DUE, removals, "Removals due"),
    ):
        if count:
            minutes = LONG.total_seconds() / 60
            sentence = f"{what} for more than {minutes:g} minutes: {count}. See whether a control worker runs."
            yield Finding(code, sentence, {"count": count})


def of_clocks(clocks: Mapping[str, float]) -> Iterator[Finding]:
    """Yield which two of these differ, by how many seconds each is ahead of this machine's."""
    for (one, ahead), (other, behind) in combinations(clocks.items(), 2):
        if (seconds := abs(ahead - behind)) > _APART_SECONDS:
            sentence = f"The clocks of {one} and of {other} are {seconds:.1f} s apart: set both by NTP."
            about = {"one": one, "other": other, "seconds": round(seconds, 3)}
            yield Finding(FindingCode.CLOCKS_APART, sentence, about)


def of_schema(unknown: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with a database that has these revisions that this version does not know."""
    for revision in unknown:
        sentence = f"A newer version of the service has migrated the database (to {revision}): ask its doctor."
        yield Finding(FindingCode.SCHEMA_NEWER, sentence, {"revision": revision})
