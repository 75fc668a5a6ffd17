"""Errors as ``application/problem+json`` (RFC 9457): one table from domain error to status."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.domain import errors
from app.server.metrics import metrics_of
from app.server.problem_types import BROKEN
from app.usecases.ports.database import DatabaseUnavailable

STATUS: Final[Mapping[type[errors.DomainError], HTTPStatus]] = {
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.ProcessingNotFinished: HTTPStatus.BAD_REQUEST,
    errors.UploadIncomplete: HTTPStatus.BAD_REQUEST,
    errors.UploadInterrupted: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.InvalidCredentials: HTTPStatus.UNAUTHORIZED,
    errors.VideoNotBelongsToUser: HTTPStatus.FORBIDDEN,
    errors.EmailNotVerified: HTTPStatus.FORBIDDEN,
    errors.AccountDisabled: HTTPStatus.FORBIDDEN,
    errors.InsufficientScope: HTTPStatus.FORBIDDEN,
    errors.NotAnOperator: HTTPStatus.FORBIDDEN,
    errors.UserNotFound: HTTPStatus.NOT_FOUND,
    errors.UploadNotFound: HTTPStatus.NOT_FOUND,
    errors.StagingUnavailable: HTTPStatus.NOT_FOUND,
    errors.VideoNotFound: HTTPStatus.NOT_FOUND,
    errors.FrameNotFound: HTTPStatus.NOT_FOUND,
    errors.ExportNotFound: HTTPStatus.NOT_FOUND,
    errors.PresetNotFound: HTTPStatus.NOT_FOUND,
    errors.BatchNotFound: HTTPStatus.NOT_FOUND,
    errors.VideoExpired: HTTPStatus.GONE,
    errors.LinkExpired: HTTPStatus.GONE,
    errors.EmailAlreadyRegistered: HTTPStatus.CONFLICT,
    errors.IdempotencyConflict: HTTPStatus.CONFLICT,
    errors.FileChanged: HTTPStatus.CONFLICT,
    errors.ProcessingAlreadyFinished: HTTPStatus.CONFLICT,
    errors.FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedFileFormat: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.ServiceBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    errors.FramesUnreadable: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.NotificationError: HTTPStatus.BAD_GATEWAY,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.StorageError: HTTPStatus.SERVICE_UNAVAILABLE,
}

_log = structlog.stdlib.get_logger(__name__)


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    field: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> Response:
    """Make the one shape in which every error leaves."""
    body = {
        "type": f"urn:fiapx:problem:{code.lower().replace('_', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **({"field": list(field)} if field else {}),
        **more,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def rejected(path: str, status: HTTPStatus, code: str, title: str, detail: str, retry_after_seconds: int) -> Response:
    """Answer before any route is asked, as its path does: by a problem, or by GraphQL's form of an error."""
    headers = {"Retry-After": str(retry_after_seconds)}
    if path != "/graphql":
        return problem(status, code, title, detail, headers=headers)
    extensions = {"code": code, "retryAfterSeconds": retry_after_seconds}
    return JSONResponse({"errors": [{"message": detail, "extensions": extensions}]}, status, headers)


def domain_problem(error: errors.DomainError) -> Response:
    """Translate a domain error. One that the table does not list is a fault of ours, so it is raised again."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)
    if status is None:
        raise error
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.InsufficientScope):  # RFC 6750, section 3.1.
        scope = f', scope="{error.scope}"' if error.scope else ""
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope"{scope}'
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return problem(status, error.code, error.sentence(), error.message, field=error.field, headers=headers)


def unexpected_problem(request_id: str) -> Response:
    """Answer that something is broken and nothing else: the log has the rest under this id."""
    return problem(
        BROKEN.status,
        BROKEN.code,
        "Internal error",
        "Something went wrong on our side; try again later.",
        requestId=request_id,
    )


def expected(error: Exception) -> errors.DomainError | None:
    """Return what a user may know of an error, to whom a database is storage too; None where nobody expected it."""
    shown = error.to_users() if isinstance(error, DatabaseUnavailable) else error
    return shown if isinstance(shown, errors.DomainError) else None


async def on_expected_error(request: Request, error: Exception) -> Response:
    """Handle ``DomainError`` and ``DatabaseUnavailable`` for Starlette."""
    shown = expected(error)
    if shown is None:
        raise error
    metrics_of(request).errors.labels(shown.code).inc()
    if isinstance(shown, errors.StorageError):
        _log.warning("storage_unavailable" if shown is error else "database_unavailable", exc_info=error)
    return domain_problem(shown)


async def on_http_exception(_: Request, error: Exception) -> Response:
    """Handle Starlette's own refusals, such as 404 and 405."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    # What was said on purpose; else Starlette puts the bare phrase there.
    said = error.detail if error.detail != status.phrase else ""
    detail = said or status.description or status.phrase
    return problem(status, status.name, status.phrase, detail, headers=error.headers)
