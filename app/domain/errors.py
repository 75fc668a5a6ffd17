"""What can go wrong, in the brief's words and a few of ours.

    DomainError
    ├── UserNotFound
    ├── EmailAlreadyRegistered
    ├── InvalidCredentials
    ├── Unauthenticated
    ├── InvalidInput
    ├── EmailNotVerified
    ├── UnsupportedFileFormat
    ├── FileTooLarge
    ├── VideoNotFound
    ├── VideoNotBelongsToUser
    ├── VideoExpired             (the record is there, its files are not)
    ├── ProcessingNotFinished
    ├── ProcessingAlreadyFinished
    ├── UploadIncomplete
    │   └── UploadInterrupted    (by us; the client can send it again at once)
    ├── IdempotencyConflict
    ├── RateLimited, QuotaExceeded    (say when to come back)
    ├── StorageError             (a passing fault: trying again can help)
    │   └── StorageFull          (helps only once somebody has made room)
    ├── NotificationError        (``permanent`` where trying again cannot help)
    │   └── WebhookGone          (its receiver wants nothing any more)
    └── ProcessingError          (a video that cannot be processed; carries a FailureCode)

The first paragraph of an error's docstring is its sentence for the user; a raise may give a better one. ``code`` is
what programs read, and where a second paragraph says what it means to them, the API's descriptions show that. Nowhere
else is a list of codes.
"""

import inspect
from collections.abc import Iterator
from typing import ClassVar, Final

from app.domain.failure import FailureCode
from app.domain.formats import ACCEPTED

PASSING_SECONDS: Final = 5
"""When to come back after a passing fault of ours."""


class DomainError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "INTERNAL"
    retry_after_seconds: int | None = None
    """When the same may work, where that is known."""

    def __init__(self, message: str | None = None, *, field: tuple[str, ...] = ()) -> None:
        self.message = message or self.sentence()
        self.field = field
        super().__init__(self.message)

    @classmethod
    def sentence(cls) -> str:
        """Return what a user is told."""
        return inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0]

    @classmethod
    def description(cls) -> str:
        """Return what programs are told of the code."""
        return inspect.cleandoc(cls.__doc__ or "").rpartition("\n\n")[2].replace("\n", " ")

    @classmethod
    def coded(cls) -> "Iterator[type[DomainError]]":
        """Return the errors below this one that have a code of their own, in the order of the tree."""
        for kind in cls.__subclasses__():
            if "code" in vars(kind):
                yield kind
            yield from kind.coded()


class UserNotFound(DomainError):
    """This user does not exist.

    There is no such user.
    """

    code = "USER_NOT_FOUND"


class EmailAlreadyRegistered(DomainError):
    """This e-mail address is already registered.

    Somebody has an account with this address.
    """

    code = "EMAIL_ALREADY_REGISTERED"


class InvalidCredentials(DomainError):
    """The e-mail address or the password is wrong.

    The address or the password is wrong; which one is not told.
    """

    code = "INVALID_CREDENTIALS"


class Unauthenticated(DomainError):
    """Sign in first: there is no session, or it has expired."""

    code = "UNAUTHENTICATED"


class InvalidInput(DomainError):
    """A value is not valid.

    A value breaks a rule; field says which.
    """

    code = "INVALID_INPUT"


class EmailNotVerified(DomainError):
    """Verify your e-mail address first: a link was sent there.

    This needs an address that was verified; resendVerification mails the link.
    """

    code = "EMAIL_NOT_VERIFIED"


class UnsupportedFileFormat(DomainError):
    """This file is not a video that can be processed.

    The file is no accepted video, by its name or by its content.
    """

    code = "UNSUPPORTED_FILE_FORMAT"

    def __init__(self, message: str | None = None, *, field: tuple[str, ...] = ()) -> None:
        super().__init__(message or f"{self.sentence()} Send a film in {ACCEPTED}.", field=field)


class FileTooLarge(DomainError):
    """This file is too large.

    The file is larger than is allowed.
    """

    code = "FILE_TOO_LARGE"


class VideoNotFound(DomainError):
    """This video does not exist.

    There is no such processing; a malformed id gets the same answer.
    """

    code = "VIDEO_NOT_FOUND"


class VideoNotBelongsToUser(DomainError):
    """This video belongs to another user.

    The processing is another user's.
    """

    code = "VIDEO_NOT_BELONGS_TO_USER"


class VideoExpired(DomainError):
    """The files of this video are no longer kept; send the video again.

    The processing is there, but its files are no longer kept; see expiresAt.
    """

    code = "VIDEO_EXPIRED"


class ProcessingNotFinished(DomainError):
    """Processing not finished.

    This needs a processing that has ended.
    """

    code = "PROCESSING_NOT_FINISHED"


class ProcessingAlreadyFinished(DomainError):
    """The processing of this video has already finished.

    This needs a processing that has not ended.
    """

    code = "PROCESSING_ALREADY_FINISHED"


class UploadIncomplete(DomainError):
    """The upload ended before the whole file had arrived; send it again.

    The upload ended before the whole file had arrived.
    """

    code = "UPLOAD_INCOMPLETE"


class UploadInterrupted(UploadIncomplete):
    """The upload was interrupted, for the service is being restarted; send it again in a moment."""

    retry_after_seconds = PASSING_SECONDS


class IdempotencyConflict(DomainError):
    """This idempotency key was already used for another request.

    The idempotency key was used for another request.
    """

    code = "IDEMPOTENCY_CONFLICT"


class RateLimited(DomainError):
    """Too many requests; wait a moment.

    Too many requests; wait retryAfterSeconds.
    """

    code = "RATE_LIMITED"
    retry_after_seconds: int

    def __init__(self, message: str | None = None, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class QuotaExceeded(RateLimited):
    """You have too many videos that are not finished; wait until some of them are.

    Too many unfinished processings; wait until some have ended.
    """

    code = "QUOTA_EXCEEDED"


class StorageError(DomainError):
    """The storage cannot be reached right now; try again in a moment.

    A store is away for the moment; nothing was promised, try again.
    """

    code = "STORAGE_ERROR"
    retry_after_seconds: int | None = PASSING_SECONDS


class StorageFull(StorageError):
    """There is no space left for this; nothing was kept. Try again later.

    There is no space left; nothing was kept, and trying again at once does not help.
    """

    code = "STORAGE_FULL"
    retry_after_seconds = None


class NotificationError(DomainError):
    """The notification could not be delivered.

    A notification could not be delivered.
    """

    code = "NOTIFICATION_ERROR"

    def __init__(self, message: str | None = None, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class WebhookGone(NotificationError):
    """The receiver said that it is gone for good: HTTP 410."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, permanent=True)


class ProcessingError(DomainError):
    """A video that cannot be processed: the end of its processing, never a passing fault."""

    def __init__(self, failure: FailureCode, reason: str | None = None) -> None:
        super().__init__(reason or failure.reason)
        self.failure = failure
