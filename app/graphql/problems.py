"""Expected errors as data, and the one table from domain error to what a client reads."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, cast

import strawberry

from app.domain import errors
from app.graphql.context import Info
from app.usecases.ports.database import DatabaseUnavailable


@strawberry.enum(description="What is the matter, for programs.")
class ProblemCode(Enum):
    """The codes of expected errors."""

    USER_NOT_FOUND = strawberry.enum_value("USER_NOT_FOUND", description="There is no such user.")
    EMAIL_ALREADY_REGISTERED = strawberry.enum_value(
        "EMAIL_ALREADY_REGISTERED", description="Somebody has an account with this address."
    )
    INVALID_CREDENTIALS = strawberry.enum_value(
        "INVALID_CREDENTIALS", description="The address or the password is wrong; which one is not told."
    )
    INVALID_INPUT = strawberry.enum_value("INVALID_INPUT", description="A value breaks a rule; field says which.")
    EMAIL_NOT_VERIFIED = strawberry.enum_value(
        "EMAIL_NOT_VERIFIED", description="This needs an address that was verified; resendVerification mails the link."
    )
    UNSUPPORTED_FILE_FORMAT = strawberry.enum_value(
        "UNSUPPORTED_FILE_FORMAT", description="The file is no accepted video, by its name or by its content."
    )
    FILE_TOO_LARGE = strawberry.enum_value("FILE_TOO_LARGE", description="The file is larger than is allowed.")
    VIDEO_NOT_FOUND = strawberry.enum_value(
        "VIDEO_NOT_FOUND", description="There is no such processing; a malformed id gets the same answer."
    )
    VIDEO_NOT_BELONGS_TO_USER = strawberry.enum_value(
        "VIDEO_NOT_BELONGS_TO_USER", description="The processing is another user's."
    )
    VIDEO_EXPIRED = strawberry.enum_value(
        "VIDEO_EXPIRED", description="The processing is there, but its files are no longer kept; see expiresAt."
    )
    PROCESSING_NOT_FINISHED = strawberry.enum_value(
        "PROCESSING_NOT_FINISHED", description="This needs a processing that has ended."
    )
    PROCESSING_ALREADY_FINISHED = strawberry.enum_value(
        "PROCESSING_ALREADY_FINISHED", description="This needs a processing that has not ended."
    )
    UPLOAD_INCOMPLETE = strawberry.enum_value(
        "UPLOAD_INCOMPLETE", description="The upload ended before the whole file had arrived."
    )
    IDEMPOTENCY_CONFLICT = strawberry.enum_value(
        "IDEMPOTENCY_CONFLICT", description="The idempotency key was used for another request."
    )
    RATE_LIMITED = strawberry.enum_value("RATE_LIMITED", description="Too many requests; wait retryAfterSeconds.")
    QUOTA_EXCEEDED = strawberry.enum_value(
        "QUOTA_EXCEEDED", description="Too many unfinished processings; wait until some have ended."
    )
    STORAGE_ERROR = strawberry.enum_value(
        "STORAGE_ERROR", description="A store is away for the moment; nothing was promised, try again."
    )
    STORAGE_FULL = strawberry.enum_value(
        "STORAGE_FULL", description="There is no space left; nothing was kept, and trying again at once does not help."
    )
    NOTIFICATION_ERROR = strawberry.enum_value(
        "NOTIFICATION_ERROR", description="A notification could not be delivered."
    )


@strawberry.type(
    description="An expected error, as data. A top-level error is one of extensions.code UNAUTHENTICATED (no session, "
    "or a lapsed one), BAD_USER_INPUT (a page size, a cursor, an address, an operation that is not valid), "
    "LIMIT_EXCEEDED (an operation that asks for too much), RATE_LIMITED and STORAGE_ERROR (both with "
    "retryAfterSeconds), FILE_TOO_LARGE, STORAGE_FULL or INTERNAL (with a requestId); where a field's type has no "
    "Problem, a Problem's code. Messages are English; clients translate codes."
)
class Problem:
    """Why something was not done."""

    code: ProblemCode = strawberry.field(description="What is the matter, for programs.")
    message: str = strawberry.field(description="A sentence for the user.")
    field: list[str] | None = strawberry.field(default=None, description="The input field at fault, outermost first.")
    retry_after_seconds: int | None = strawberry.field(
        default=None, description="When to try again, for RATE_LIMITED, QUOTA_EXCEEDED and STORAGE_ERROR."
    )


_EXPECTED: Final[frozenset[type[errors.DomainError]]] = frozenset(
    {
        errors.UserNotFound,
        errors.EmailAlreadyRegistered,
        errors.InvalidCredentials,
        errors.InvalidInput,
        errors.EmailNotVerified,
        errors.UnsupportedFileFormat,
        errors.FileTooLarge,
        errors.VideoNotFound,
        errors.VideoNotBelongsToUser,
        errors.VideoExpired,
        errors.ProcessingNotFinished,
        errors.ProcessingAlreadyFinished,
        errors.UploadIncomplete,
        errors.UploadInterrupted,
        errors.IdempotencyConflict,
        errors.RateLimited,
        errors.QuotaExceeded,
        errors.StorageError,
        errors.StorageFull,
        errors.NotificationError,
    }
)
"""What is answered as a Problem; their codes are ProblemCodes. All else is a top-level error."""

_TOP_LEVEL_CODES: Final[Mapping[type[Exception], str]] = {
    errors.Unauthenticated: "UNAUTHENTICATED",
    errors.InvalidInput: "BAD_USER_INPUT",
}


def problem_of(error: Exception) -> Problem | None:
    """Translate an expected error; None for all others."""
    if isinstance(error, DatabaseUnavailable):
        error = error.to_users()
    if not isinstance(error, errors.DomainError) or type(error) not in _EXPECTED:
        return None
    return Problem(
        code=ProblemCode(error.code),
        message=error.message,
        field=list(error.field) or None,
        retry_after_seconds=error.retry_after_seconds,
    )


def top_level(error: Exception) -> tuple[str, dict[str, Any]] | None:
    """Give message and extensions for an expected error where no Problem can stand; None for all others."""
    if isinstance(error, DatabaseUnavailable):
        error = error.to_users()
    if not isinstance(error, errors.DomainError) or type(error) not in _EXPECTED | {errors.Unauthenticated}:
        return None
    extensions: dict[str, Any] = {"code": _TOP_LEVEL_CODES.get(type(error), error.code)}
    if error.field:
        extensions["field"] = list(error.field)
    if error.retry_after_seconds is not None:
        extensions["retryAfterSeconds"] = error.retry_after_seconds
    return error.message, extensions


class ExpectedErrors(strawberry.ExceptionHandler[errors.DomainError | DatabaseUnavailable, Problem]):
    """Puts a Problem where a resolver raised and its field's union has one, so that no resolver needs a ``try``."""

    def handle(
        self,
        exception: errors.DomainError | DatabaseUnavailable,
        *,
        field: object,  # noqa: ARG002 - Strawberry's signature
        info: object,
    ) -> Problem | None:
        """Give None for what is no Problem: it goes on as a top-level error."""
        problem = problem_of(exception)
        if problem is not None:
            cast("Info", info).context.metrics.problems.labels(problem.code.value).inc()
        return problem
