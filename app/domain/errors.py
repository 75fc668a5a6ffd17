"""What can go wrong, in the brief's words and a few of ours.

    DomainError
    ├── UserNotFound
    ├── EmailAlreadyRegistered
    ├── InvalidCredentials
    ├── Unauthenticated
    ├── AccountDisabled
    ├── NotAnOperator
    ├── InsufficientScope        (of a key for programs)
    ├── InvalidInput
    ├── EmailNotVerified
    ├── UnsupportedFileFormat
    ├── FileTooLarge
    ├── VideoNotFound
    ├── VideoNotBelongsToUser
    ├── VideoExpired             (the record is there, its files are not)
    ├── FrameNotFound, FramesUnreadable, LinkExpired    (of single pictures)
    ├── ExportNotFound           (its day is over, or it was deleted)
    ├── ProcessingNotFinished
    ├── ProcessingAlreadyFinished
    ├── UploadIncomplete
    │   └── UploadInterrupted    (by us; the client can send it again at once)
    ├── UploadNotFound, FileChanged    (of uploads in parts; the file can be sent anew)
    ├── PresetNotFound, BatchNotFound
    ├── StagingUnavailable       (clients do not reach the storage)
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
from typing import ClassVar, Final, Self

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

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        """Set the ``code`` of an error below this one; without, it has that of the one above."""
        if code is not None:
            cls.code = code

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


class UserNotFound(DomainError, code="USER_NOT_FOUND"):
    """This user does not exist.

    There is no such user.
    """


class EmailAlreadyRegistered(DomainError, code="EMAIL_ALREADY_REGISTERED"):
    """This e-mail address is already registered.

    Somebody has an account with this address.
    """


class InvalidCredentials(DomainError, code="INVALID_CREDENTIALS"):
    """The e-mail address or the password is wrong.

    The address or the password is wrong; which one is not told.
    """


class Unauthenticated(DomainError, code="UNAUTHENTICATED"):
    """Sign in first: there is no session, or it has expired."""


class AccountDisabled(DomainError, code="ACCOUNT_DISABLED"):
    """This account was disabled by the operators of this service; ask them why.

    Nobody can sign in with this account, or send videos, until an operator enables it again.
    """


class NotAnOperator(DomainError, code="NOT_AN_OPERATOR"):
    """Only operators of this service may do this.

    The viewer's account has not the role that this needs.
    """


class InsufficientScope(DomainError, code="INSUFFICIENT_SCOPE"):
    """This key may not do this.

    The key that was sent has not the scope that this needs, or no key may do it at all; the message says which.
    """

    scope: str | None = None
    """Which scope it needs; None where no key may do it."""

    def __init__(self, scope: str | None = None) -> None:
        self.scope = scope
        needs = f"it needs the scope {scope}" if scope else "nobody may but who signs in with a password"
        super().__init__(f"This key may not do this: {needs}.")


class InvalidInput(DomainError, code="INVALID_INPUT"):
    """A value is not valid.

    A value breaks a rule; field says which.
    """


class EmailNotVerified(DomainError, code="EMAIL_NOT_VERIFIED"):
    """Verify your e-mail address first: a link was sent there.

    This needs an address that was verified; resendVerification mails the link.
    """


class UnsupportedFileFormat(DomainError, code="UNSUPPORTED_FILE_FORMAT"):
    """This file is not a video that can be processed.

    The file is no accepted video, by its name or by its content.
    """

    def __init__(self, message: str | None = None, *, field: tuple[str, ...] = ()) -> None:
        super().__init__(message or f"{self.sentence()} Send a film in {ACCEPTED}.", field=field)


class FileTooLarge(DomainError, code="FILE_TOO_LARGE"):
    """This file is too large.

    The file is larger than is allowed.
    """


class VideoNotFound(DomainError, code="VIDEO_NOT_FOUND"):
    """This video does not exist.

    There is no such processing; a malformed id gets the same answer.
    """


class VideoNotBelongsToUser(DomainError, code="VIDEO_NOT_BELONGS_TO_USER"):
    """This video belongs to another user.

    The processing is another user's.
    """


class VideoExpired(DomainError, code="VIDEO_EXPIRED"):
    """The files of this video are no longer kept; send the video again.

    The processing is there, but its files are no longer kept; see expiresAt.
    """


class FrameNotFound(DomainError, code="FRAME_NOT_FOUND"):
    """This video has no such picture.

    The ZIP has no picture of this place, or none that was on the screen by this time of the film.
    """


class FramesUnreadable(DomainError, code="FRAMES_UNREADABLE"):
    """The pictures of this video cannot be shown one by one; download its ZIP, or process the video again.

    What the storage holds of the ZIP's pictures does not fit the ZIP; trying again does not help.
    """


class LinkExpired(DomainError, code="LINK_EXPIRED"):
    """This link has expired; ask for a new one.

    The link was good, and its time is over: read its url anew.
    """


class ExportNotFound(DomainError, code="EXPORT_NOT_FOUND"):
    """This export does not exist; it may have been deleted after its day.

    No such export, or its day is over: ask for it anew.
    """


class ProcessingNotFinished(DomainError, code="PROCESSING_NOT_FINISHED"):
    """Processing not finished.

    This needs a processing that has ended.
    """


class ProcessingAlreadyFinished(DomainError, code="PROCESSING_ALREADY_FINISHED"):
    """The processing of this video has already finished.

    This needs a processing that has not ended.
    """


class UploadIncomplete(DomainError, code="UPLOAD_INCOMPLETE"):
    """The upload ended before the whole file had arrived; send it again.

    The upload ended before the whole file had arrived.
    """


class UploadInterrupted(UploadIncomplete):
    """The upload was interrupted, for the service is being restarted; send it again in a moment."""

    retry_after_seconds = PASSING_SECONDS


class UploadNotFound(DomainError, code="UPLOAD_NOT_FOUND"):
    """This upload does not exist, or it has ended; begin it anew.

    The viewer has no such unfinished upload, or no such import; another's and a malformed id get the same answer.
    """


class FileChanged(DomainError, code="FILE_CHANGED"):
    """This file was changed while it was on its way; send it anew.

    The file is another than the one that the upload was begun with.
    """


class StagingUnavailable(DomainError, code="STAGING_UNAVAILABLE"):
    """Files cannot be sent in parts here; send it in one request.

    The storage has no address for clients, so that uploadVideo is the only way; serviceLimits tells beforehand.
    """


class PresetNotFound(DomainError, code="PRESET_NOT_FOUND"):
    """This preset does not exist.

    The viewer has no such preset; another's and a malformed id get the same answer.
    """


class BatchNotFound(DomainError, code="BATCH_NOT_FOUND"):
    """This batch does not exist.

    The viewer has no such batch, or it is being deleted; another's and a malformed id get the same answer.
    """


class IdempotencyConflict(DomainError, code="IDEMPOTENCY_CONFLICT"):
    """This idempotency key was already used for another request.

    The idempotency key was used for another request.
    """


class RateLimited(DomainError, code="RATE_LIMITED"):
    """Too many requests; wait a moment.

    Too many requests; wait retryAfterSeconds.
    """

    retry_after_seconds: int

    def __init__(self, message: str | None = None, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class QuotaExceeded(RateLimited, code="QUOTA_EXCEEDED"):
    """You have too many videos that are not finished; wait until some of them are.

    Too many unfinished processings; wait until some have ended.
    """


class ServiceBusy(RateLimited, code="SERVICE_BUSY"):
    """There is more to do here than can be done soon; nothing was taken. Try again later.

    So much waits already that nothing more is taken for now; wait retryAfterSeconds.
    """


class StorageError(DomainError, code="STORAGE_ERROR"):
    """The storage cannot be reached right now; try again in a moment.

    A store is away for the moment; nothing was promised, try again.
    """

    retry_after_seconds: int | None = PASSING_SECONDS


class AcceptanceUnknown(StorageError):
    """The storage went away, and it is unknown whether this file was accepted: see your list before you try again."""

    @classmethod
    def of(cls, idempotency_key: str | None) -> Self:
        """Make the error of one upload, which can be sent again without harm where it has a key."""
        if idempotency_key is None:
            return cls()
        return cls(
            "The storage went away, and it is unknown whether this file was accepted: send it again with the same "
            f"idempotency key, {idempotency_key}, and it makes no second video."
        )


class StorageFull(StorageError, code="STORAGE_FULL"):
    """There is no space left for this; nothing was kept. Delete some videos, or try again later.

    There is no space left; nothing was kept, and trying again at once does not help.
    """

    retry_after_seconds = None


class NotificationError(DomainError, code="NOTIFICATION_ERROR"):
    """The notification could not be delivered.

    A notification could not be delivered.
    """

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
