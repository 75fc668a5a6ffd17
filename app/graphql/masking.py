"""What a client may read of an error: all of its own mistakes, none of ours."""

from collections.abc import Iterable
from typing import Any, Final

import structlog
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from structlog.contextvars import get_contextvars

from app.domain.errors import DomainError
from app.graphql.codes import BAD_USER_INPUT
from app.graphql.problems import top_level

_CLIENTS_MISTAKES: Final = (CannotGetOperationTypeError, InvalidOperationTypeError, MissingQueryError)
"""What Strawberry raises for an operation that is not there, or that may not be asked for in this way."""

_log = structlog.stdlib.get_logger(__name__)


def public_errors(errors: Iterable[GraphQLError] | None) -> list[GraphQLError] | None:
    """Return the form in which a result's errors leave; None where there are none."""
    return [public_error(error) for error in errors] if errors else None


def public_error(error: GraphQLError) -> GraphQLError:
    """Return the form in which an error leaves; an unexpected one is logged, and only its request's id goes out."""
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None or isinstance(cause, _CLIENTS_MISTAKES):
        return _with(error, error.message, error.extensions or {"code": BAD_USER_INPUT})
    if expected := top_level(cause):
        return _with(error, *expected)
    request_id = get_contextvars().get("request_id")
    _log.error("unexpected_error", path=error.path, exc_info=cause)
    return _with(error, "Internal error", {"code": DomainError.code, "requestId": request_id})


def _with(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    public = GraphQLError(message, path=error.path, extensions=extensions)
    public.locations = error.locations  # To make it anew from the nodes would be to count all lines again.
    return public
