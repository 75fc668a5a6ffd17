"""The brief's ``VideoProcessing`` and its life."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType
from uuid import uuid4

from app.domain.described import Described
from app.domain.errors import VideoNotFound
from app.domain.failure import Failure
from app.domain.identifiers import parsed_uuid
from app.domain.options import ExtractionOptions
from app.domain.storyboard import Storyboard, sheet_name
from app.domain.user import UserId

VideoId = NewType("VideoId", str)
"""A processing's public id: a UUID in its canonical text form."""


def new_video_id() -> VideoId:
    """Make an id that nobody can count or guess (RFC 9562, version 4)."""
    return VideoId(str(uuid4()))


def parsed_video_id(text: str) -> VideoId:
    """Read a client's id.

    :raises VideoNotFound: where it is no UUID in canonical form, since no such video can exist
    """
    return VideoId(parsed_uuid(text, VideoNotFound))


class ProcessingStatus(Described):
    """The states of a processing."""

    PENDING = "Pending", "Received and stored; waits for a worker."
    PROCESSING = "Processing", "A worker holds it; no other may."
    COMPLETED = "Completed", "The ZIP can be downloaded. Final."
    FAILED = "Failed", "Could not be processed; failure says why. Final."

    @property
    def final(self) -> bool:
        """Whether nothing changes any more."""
        return not NEXT[self]

    def may_become(self, other: "ProcessingStatus") -> bool:
        """Whether the move is one that the brief draws."""
        return other in NEXT[self]


class VideoOrder(Described):
    """In which order videos are listed. Those that are alike in it lie by their ids."""

    NEWEST = "newest", "What was received last comes first."
    OLDEST = "oldest", "What was received first comes first."
    NAME = "name", "By the file's name, from a to z, without regard to case and accents."
    LARGEST = "largest", "The largest file comes first."
    LONGEST = "longest", "What lasts longest comes first; that of which it is not known comes last."


NEXT: Final[Mapping[ProcessingStatus, frozenset[ProcessingStatus]]] = {
    ProcessingStatus.PENDING: frozenset({ProcessingStatus.PROCESSING, ProcessingStatus.FAILED}),
    # Again PROCESSING: another worker takes over a lease that ran out or was given back.
    ProcessingStatus.PROCESSING: frozenset(
        {ProcessingStatus.PROCESSING, ProcessingStatus.COMPLETED, ProcessingStatus.FAILED}
    ),
    ProcessingStatus.COMPLETED: frozenset(),
    ProcessingStatus.FAILED: frozenset(),
}
"""The whole life of a processing. A Completed video is never processed again without a new record."""

UNFINISHED: Final = frozenset(status for status in ProcessingStatus if NEXT[status])
FINAL: Final = frozenset(ProcessingStatus) - UNFINISHED


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an attempt is: ``percent`` 0 to 100, never falling within one attempt."""

    percent: float = 0.0
    frames_extracted: int = 0
    frames_expected: int | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What was found in the file: seconds, pixels as displayed, the decoder's name, frames per second."""

    duration_seconds: float | None
    width: int
    height: int
    codec: str
    frames_per_second: float | None


@dataclass(frozen=True, slots=True)
class FramesArchive:
    """The finished ZIP: object key, bytes, SHA-256 in hex, number of frames, and its contact sheet's key.

    Former versions had a picture of its own for that, of a dozen frames. ``index_key`` is where the index of its
    pictures lies, of all but those that a former version made.
    """

    key: str
    size_bytes: int
    sha256: str
    frame_count: int
    contact_sheet_key: str | None = None

    @property
    def index_key(self) -> str:
        """Where the index of its pictures is, as ``frame_index_key`` has it."""
        return frame_index_key(self.key)

    @property
    def progress(self) -> Progress:
        """How far the attempt is that made it."""
        return Progress(100.0, self.frame_count, self.frame_count)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One line of the status log."""

    status: ProcessingStatus
    at: datetime
    attempt: int


VERSION_STEP: Final = 1000
"""How many progress events fit between two stored changes of a row."""


@dataclass(frozen=True, slots=True)
class VideoProcessing:
    """One processing of one video, as it is at ``version``; it begins with no more than its file and its options.

    The brief's ``s3InputPath`` is ``source_key``, its ``s3OutputPath`` is ``archive.key`` and its ``failureReason`` is
    ``failure.reason``. ``attempt`` is the fencing token: who holds another number may change nothing. ``version`` rises
    with every event, progress included: a stored change is a multiple of 1000, progress in between counts up from it.
    ``storyboard`` is what the attempt has stored of it so far; None where there is none, and once it failed.
    """

    id: VideoId
    owner: UserId
    original_file_name: str
    size_bytes: int
    source_key: str
    options: ExtractionOptions
    created_at: datetime
    status: ProcessingStatus = ProcessingStatus.PENDING
    attempt: int = 0
    version: int = VERSION_STEP
    progress: Progress = Progress()
    started_at: datetime | None = None
    completed_at: datetime | None = None
    failure: Failure | None = None
    media: MediaInfo | None = None
    archive: FramesArchive | None = None
    storyboard: Storyboard | None = None
    expired_at: datetime | None = None
    """Since when its files are no longer kept."""

    @property
    def file_id(self) -> str:
        """What tells its file from others; whoever processes it again makes another processing of the same."""
        return self.source_key.removeprefix(SOURCES)


SOURCES: Final = "sources/"
"""Under which all uploads are stored."""


def source_key(video: VideoId) -> str:
    """Where an upload is stored; the name that the user gave is no part of it."""
    return f"{SOURCES}{video}"


RESULTS: Final = "results/"
"""Under which all results are stored."""


def result_prefix(video: VideoId) -> str:
    """Under which all attempts of a processing store their results."""
    return f"{RESULTS}{video}/"


def archive_key(video: VideoId, attempt: int) -> str:
    """Where one attempt stores its ZIP: the attempt is in it, so a worker that lost its lease can overwrite nothing."""
    return f"{result_prefix(video)}{attempt}.zip"


def contact_sheet_key(video: VideoId, attempt: int) -> str:
    """Where one attempt stores its contact sheet, which is the first sheet of its storyboard."""
    return storyboard_key(video, attempt, sheet_name(0))


def storyboard_key(video: VideoId, attempt: int, name: str) -> str:
    """Where one attempt stores a file of its storyboard: beside its ZIP, so that it goes with that."""
    return f"{result_prefix(video)}{attempt}.{name}"


def frame_index_key(archive: str) -> str:
    """Where the index of a ZIP's pictures is stored; it follows from the ZIP's key, so that no record need name it."""
    return f"{archive.removesuffix('.zip')}.frames"
