"""The brief's six domain events: rows of the transaction of the change they tell of; the status log."""

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
    """One thing that happened to one processing, in one attempt (0 before the first)."""

    video: VideoId
    type: EventType
    at: datetime
    attempt: int = 0
