"""The brief's six domain events, and one for operators: rows of the transaction of the change they tell of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.video import ProcessingStatus, VideoId


class EventType(StrEnum):
    """What happened."""

    VIDEO_UPLOADED = "VideoUploaded"
    PROCESSING_STARTED = "ProcessingStarted"
    FRAMES_EXTRACTED = "FramesExtracted"
    ZIP_GENERATED = "ZipGenerated"
    PROCESSING_COMPLETED = "ProcessingCompleted"
    PROCESSING_FAILED = "ProcessingFailed"
    ATTEMPT_RELEASED = "AttemptReleased"
    """The attempt met a fault that was not the video's, and another is to follow: no state changed."""

    @property
    def status(self) -> ProcessingStatus | None:
        """The state that this event brought about, if it changed one."""
        return {
            EventType.VIDEO_UPLOADED: ProcessingStatus.PENDING,
            EventType.PROCESSING_STARTED: ProcessingStatus.PROCESSING,
            EventType.PROCESSING_COMPLETED: ProcessingStatus.COMPLETED,
            EventType.PROCESSING_FAILED: ProcessingStatus.FAILED,
        }.get(self)


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """One thing that happened to one processing, in one attempt (0 before the first).

    ``said`` is what the decoder or the fault said last, where an attempt ended badly: for operators, never for users.
    """

    video: VideoId
    type: EventType
    at: datetime
    attempt: int = 0
    said: str | None = None
