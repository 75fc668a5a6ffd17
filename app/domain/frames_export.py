"""What is made of a ZIP's pictures on request and kept for a day: an animation, or a document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NewType
from uuid import uuid4

from app.domain.described import Described
from app.domain.failure import Failure
from app.domain.places import Places
from app.domain.user import UserId
from app.domain.video import VideoId, result_prefix

ExportId = NewType("ExportId", str)
"""An export's public id: a UUID in its canonical text form."""
KEPT_FOR: Final = timedelta(days=1)
"""From its end, and from its request for as long as it has none."""


def new_export_id() -> ExportId:
    """Make an id that nobody can count or guess."""
    return ExportId(str(uuid4()))


class ExportKind(Described):
    """What is made; the value is how its file's name ends."""

    PREVIEW_WEBP = "preview.webp", "An animation of at most 6 s, as WebP."
    PREVIEW_GIF = "preview.gif", "An animation of at most 6 s, as GIF, for what shows no WebP."
    CONTACT_SHEET_PDF = "contact-sheet.pdf", "Small pictures with their places and times on pages of A4, as PDF."

    @property
    def media_type(self) -> str:
        """What a browser is told of it."""
        return _MEDIA_TYPES[self]

    @property
    def most_frames(self) -> int:
        """How many pictures are in it; of more it has so many, evenly spread."""
        return 600 if self is ExportKind.CONTACT_SHEET_PDF else 48


_MEDIA_TYPES: Final[Mapping[ExportKind, str]] = {
    ExportKind.PREVIEW_WEBP: "image/webp",
    ExportKind.PREVIEW_GIF: "image/gif",
    ExportKind.CONTACT_SHEET_PDF: "application/pdf",
}


class ExportStatus(Described):
    """The states of an export."""

    WAITING = "Waiting", "Waits for a worker, or for its next try."
    MAKING = "Making", "A worker makes it; no other may."
    READY = "Ready", "It can be fetched until expiresAt. Final."
    FAILED = "Failed", "It could not be made; failure says why. Final."

    @property
    def final(self) -> bool:
        """Whether nothing changes any more."""
        return not _NEXT[self]


_NEXT: Final[Mapping[ExportStatus, frozenset[ExportStatus]]] = {
    ExportStatus.WAITING: frozenset({ExportStatus.MAKING}),
    # Again MAKING: another worker takes over a lease that ran out.
    ExportStatus.MAKING: frozenset(ExportStatus),
    ExportStatus.READY: frozenset(),
    ExportStatus.FAILED: frozenset(),
}
"""The whole life of an export."""
UNFINISHED_EXPORTS: Final = frozenset(status for status in ExportStatus if _NEXT[status])


@dataclass(frozen=True, slots=True)
class FramesExport:
    """One export of one video's pictures.

    ``attempt`` is the fencing token. ``wake_at`` is when a waiting one may be tried, and when the lease of one that is
    made runs out. ``faults`` counts the tries that came to nothing. ``places`` are what was asked for, None for all.
    """

    id: ExportId
    owner: UserId
    video: VideoId
    kind: ExportKind
    places: Places | None
    created_at: datetime
    wake_at: datetime
    expires_at: datetime
    """Until when it is kept."""
    status: ExportStatus = ExportStatus.WAITING
    attempt: int = 0
    faults: int = 0
    frame_count: int | None = None
    """How many pictures are in it, once it is there."""
    object_key: str | None = None
    size_bytes: int = 0
    ended_at: datetime | None = None
    failure: Failure | None = None

    @property
    def prefix(self) -> str:
        """Under which all attempts at it store theirs: with the video's results, so that it goes with them."""
        return f"{result_prefix(self.video)}exports/{self.id}/"

    @property
    def own_key(self) -> str:
        """Where this attempt stores it: a worker that lost its lease can overwrite nothing."""
        return f"{self.prefix}{self.attempt}.{self.kind.value.rpartition('.')[2]}"

    def chosen(self, frame_count: int) -> Places:
        """Return which pictures of a ZIP of so many are in it."""
        return (self.places or Places.all_of(frame_count)).spread(self.kind.most_frames)
