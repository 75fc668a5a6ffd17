"""Why a processing failed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FailureCode(StrEnum):
    """Why a processing failed, for programs; ``reason`` is its usual sentence for people."""

    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    NO_VIDEO_STREAM = "NO_VIDEO_STREAM"
    CORRUPT_VIDEO = "CORRUPT_VIDEO"
    TOO_LONG = "TOO_LONG"
    TOO_MANY_FRAMES = "TOO_MANY_FRAMES"
    TOO_LARGE_PICTURE = "TOO_LARGE_PICTURE"
    TIMED_OUT = "TIMED_OUT"
    SOURCE_MISSING = "SOURCE_MISSING"
    NO_FRAMES = "NO_FRAMES"
    OUTPUT_TOO_LARGE = "OUTPUT_TOO_LARGE"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    STORAGE_ERROR = "STORAGE_ERROR"
    CANCELED = "CANCELED"
    WORKER_LOST = "WORKER_LOST"
    INTERNAL = "INTERNAL"

    @property
    def reason(self) -> str:
        """The sentence for the user."""
        return _REASONS[self]

    @property
    def retryable(self) -> bool:
        """Whether processing the same file again can help."""
        return self in _RETRYABLE


_REASONS: Final = {
    FailureCode.UNSUPPORTED_FORMAT: "This video's format is not supported.",
    FailureCode.NO_VIDEO_STREAM: "This file has no video in it, only sound or data.",
    FailureCode.CORRUPT_VIDEO: "This video is damaged or incomplete and cannot be read to its end.",
    FailureCode.TOO_LONG: "This video is longer than the service allows.",
    FailureCode.TOO_MANY_FRAMES: "This video would give more frames than the service allows.",
    FailureCode.TOO_LARGE_PICTURE: "This video's picture is larger than the service allows.",
    FailureCode.TIMED_OUT: "Processing this video took longer than the service allows.",
    FailureCode.SOURCE_MISSING: "The uploaded file is no longer there; upload it again.",
    FailureCode.NO_FRAMES: "No frame could be taken from this video.",
    FailureCode.OUTPUT_TOO_LARGE: "The frames of this video are larger than the service allows.",
    FailureCode.OUT_OF_MEMORY: "This video needs more memory than the service allows.",
    FailureCode.STORAGE_ERROR: "The storage could not be reached for a long time; try again later.",
    FailureCode.CANCELED: "You canceled the processing of this video.",
    FailureCode.WORKER_LOST: "The service was interrupted several times while it processed this video.",
    FailureCode.INTERNAL: "Something went wrong on our side; try again later.",
}

ENCRYPTED: Final = "This video is encrypted (protected against copying); send an unprotected file."
"""What is said where ``UNSUPPORTED_FORMAT`` means this."""

JOINED: Final = "This file is several films joined into one; send them one by one."
"""What is said where ``CORRUPT_VIDEO`` means this."""

CUT_OFF: Final = "This file ends before the film does: the upload or the recording was cut off."
"""What is said where ``CORRUPT_VIDEO`` means this."""

NO_SPACE: Final = "The service had no space left for this video for a long time; try again later."
"""What is said where ``STORAGE_ERROR`` means this."""

_RETRYABLE: Final = frozenset(
    {
        FailureCode.TIMED_OUT,
        FailureCode.STORAGE_ERROR,
        FailureCode.CANCELED,
        FailureCode.WORKER_LOST,
        FailureCode.INTERNAL,
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a processing failed: the code for programs and the brief's ``failureReason`` for people."""

    code: FailureCode
    reason: str

    @property
    def retryable(self) -> bool:
        """Whether processing the same file again can help."""
        return self.code.retryable
