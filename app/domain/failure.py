"""Why a processing failed."""

from dataclasses import dataclass
from typing import Final

from app.domain.described import Described


class FailureCode(Described):
    """Why a processing failed, for programs.

    Each is its value, what it means to programs, its usual sentence for people, and ``True`` where processing the same
    file again can help.
    """

    reason: str
    """The sentence for the user."""
    retryable: bool
    """Whether processing the same file again can help."""

    def __init__(self, _value: str, _description: str = "", reason: str = "", *retryable: bool) -> None:
        self.reason = reason
        self.retryable = any(retryable)

    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT", "The format is not supported.", "This video's format is not supported."
    NO_VIDEO_STREAM = (
        "NO_VIDEO_STREAM",
        "There is only sound or data in it.",
        "This file has no video in it, only sound or data.",
    )
    CORRUPT_VIDEO = (
        "CORRUPT_VIDEO",
        "It is damaged or incomplete.",
        "This video is damaged or incomplete and cannot be read to its end.",
    )
    TOO_LONG = "TOO_LONG", "It lasts longer than maxDurationSeconds.", "This video is longer than the service allows."
    TOO_MANY_FRAMES = (
        "TOO_MANY_FRAMES",
        "It would give more than maxFramesPerVideo.",
        "This video would give more frames than the service allows.",
    )
    TOO_LARGE_PICTURE = (
        "TOO_LARGE_PICTURE",
        "Its picture has too many pixels.",
        "This video's picture is larger than the service allows.",
    )
    TOO_MUCH_TO_DECODE = (
        "TOO_MUCH_TO_DECODE",
        "More pixels would have to be decoded for it than is allowed.",
        "Decoding this video would take too long: take fewer pictures, or of a part, or send it in a smaller size.",
    )
    TIMED_OUT = (
        "TIMED_OUT",
        "It took longer than the service allows.",
        "Processing this video took longer than the service allows.",
        True,
    )
    SOURCE_MISSING = (
        "SOURCE_MISSING",
        "The uploaded file is no longer there.",
        "The uploaded file is no longer there; upload it again.",
    )
    NO_FRAMES = "NO_FRAMES", "No frame could be taken from it.", "No frame could be taken from this video."
    OUTPUT_TOO_LARGE = (
        "OUTPUT_TOO_LARGE",
        "Its frames would fill too large a ZIP.",
        "The frames of this video are larger than the service allows.",
    )
    OUT_OF_MEMORY = (
        "OUT_OF_MEMORY",
        "It needs more memory than allowed.",
        "This video needs more memory than the service allows.",
    )
    WORK_DIRECTORY_FULL = (
        "WORK_DIRECTORY_FULL",
        "No worker had the room on its disk to work on it.",
        "The service had no room to work on this video for a long time; try again later.",
        True,
    )
    NO_MEMORY = (
        "NO_MEMORY",
        "No worker had the memory left to work on it.",
        "The service had no memory left to work on this video for a long time; try again later.",
        True,
    )
    NO_DECODER = (
        "NO_DECODER",
        "No worker could start its decoder.",
        "The service could not start its decoder for a long time; try again later.",
        True,
    )
    STORAGE_ERROR = (
        "STORAGE_ERROR",
        "The storage was away for a long time.",
        "The storage could not be reached for a long time; try again later.",
        True,
    )
    CANCELED = "CANCELED", "Its owner or an operator canceled it.", "You canceled the processing of this video.", True
    WORKER_LOST = (
        "WORKER_LOST",
        "Several workers died while they held it.",
        "The service was interrupted several times while it processed this video.",
        True,
    )
    INTERNAL = (
        "INTERNAL",
        "Something went wrong on the service's side.",
        "Something went wrong on our side; try again later.",
        True,
    )


class ImportFailureCode(Described):
    """Why a file could not be fetched from its link, for programs; each as in ``FailureCode``."""

    reason: str
    """The sentence for the user."""
    retryable: bool
    """Whether importing the same link again can help."""

    def __init__(self, _value: str, _description: str = "", reason: str = "", *retryable: bool) -> None:
        self.reason = reason
        self.retryable = any(retryable)

    LINK_NOT_PUBLIC = (
        "LINK_NOT_PUBLIC",
        "It leads to an address that is not open to the whole internet, or is redirected to one.",
        "This link leads to an address that is not open to the whole internet, so nothing was fetched.",
    )
    LINK_REFUSED = (
        "LINK_REFUSED",
        "The server behind it gives no file, or none without a sign-in.",
        "The server behind this link does not give the file.",
    )
    LINK_UNREACHABLE = (
        "LINK_UNREACHABLE",
        "The server behind it was away, or broke off, again and again.",
        "The server behind this link could not be reached, or broke off again and again.",
        True,
    )
    LINK_CHANGED = (
        "LINK_CHANGED",
        "The file behind it became another one while it was fetched.",
        "The file behind this link was changed while it was fetched; import it again.",
        True,
    )
    NOT_A_VIDEO = (
        "NOT_A_VIDEO",
        "What is behind it is no accepted video, by its content.",
        "What is behind this link is not a video that can be processed.",
    )
    FILE_TOO_LARGE = (
        "FILE_TOO_LARGE",
        "The file is larger than maxFileBytes.",
        "The file behind this link is larger than the service allows.",
    )
    TIMED_OUT = (
        "TIMED_OUT",
        "It came more slowly than the service allows for its size.",
        "The file behind this link came too slowly.",
        True,
    )
    QUOTA_EXCEEDED = (
        "QUOTA_EXCEEDED",
        "It would take more than its owner may keep.",
        "This file would take more than you may keep here; delete some videos, then import it again.",
        True,
    )
    STORAGE_FULL = (
        "STORAGE_FULL",
        "The service has no room for it.",
        "The service has no room for this file; try again later.",
        True,
    )
    ACCOUNT_DISABLED = (
        "ACCOUNT_DISABLED",
        "An operator disabled the account.",
        "This account was disabled by the operators of this service.",
    )
    CANCELED = "CANCELED", "Its owner canceled it.", "You canceled this import.", True
    INTERNAL = (
        "INTERNAL",
        "Something went wrong on the service's side.",
        "Something went wrong on our side; import it again later.",
        True,
    )


ENCRYPTED: Final = "This video is encrypted (protected against copying); send an unprotected file."
"""What is said where ``UNSUPPORTED_FORMAT`` means this."""

JOINED: Final = "This file is several films joined into one; send them one by one."
"""What is said where ``CORRUPT_VIDEO`` means this."""

CUT_OFF: Final = "This file ends before the film does: the upload or the recording was cut off."
"""What is said where ``CORRUPT_VIDEO`` means this."""

NO_SPACE: Final = "The service had no space left for this video for a long time; try again later."
"""What is said where ``STORAGE_ERROR`` means this."""

LOST: Final = "The service lost the ZIP of this video and the uploaded file; upload it again."
"""What is said where ``SOURCE_MISSING`` means this."""

STOPPED: Final = "An operator of the service canceled the processing of this video."
"""What is said where ``CANCELED`` means this."""

NO_ROOM: Final = (
    "Your files and ZIPs would take more than you may keep here; delete some videos and process this one again."
)
"""What is said where ``OUTPUT_TOO_LARGE`` means this."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a processing failed: the code for programs and the brief's ``failureReason`` for people."""

    code: FailureCode
    reason: str

    @property
    def retryable(self) -> bool:
        """Whether processing the same file again can help."""
        return self.code.retryable


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """Why a file could not be fetched: the code for programs, and a sentence for people."""

    code: ImportFailureCode
    reason: str

    @classmethod
    def of(cls, code: ImportFailureCode) -> "ImportFailure":
        """Make one with the usual sentence."""
        return cls(code, code.reason)

    @property
    def retryable(self) -> bool:
        """Whether importing the same link again can help."""
        return self.code.retryable


CANCELED_BY_OWNER: Final = Failure(FailureCode.CANCELED, FailureCode.CANCELED.reason)
CANCELED_BY_OPERATOR: Final = Failure(FailureCode.CANCELED, STOPPED)
