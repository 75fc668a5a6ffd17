"""Expected errors as data: what a client reads of the domain's errors."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, cast

import strawberry

from app.domain import errors
from app.graphql.codes import BAD_USER_INPUT, LIMIT_EXCEEDED
from app.graphql.context import Info
from app.server.problems import expected
from app.usecases.ports.database import DatabaseUnavailable

_AS_DATA: Final[Mapping[str, type[errors.DomainError]]] = {
    kind.code: kind for kind in errors.DomainError.coded() if kind is not errors.Unauthenticated
}
"""What is answered as a Problem, by code. All else is a top-level error."""

ProblemCode = strawberry.enum(
    # mypy takes members of an enum only where they are written out.
    cast("Any", Enum)(
        "ProblemCode",
        {code: strawberry.enum_value(code, description=kind.description()) for code, kind in _AS_DATA.items()},
    ),
    description="What is the matter, for programs.",
)


@strawberry.type(
    description="An expected error, as data. A top-level error is one of extensions.code "
    f"{errors.Unauthenticated.code} (no session or key, or one that has expired), {BAD_USER_INPUT} (a page size, "
    f"a cursor, an address, an operation that is not valid), {LIMIT_EXCEEDED} (an operation that asks for too much), "
    f"{errors.RateLimited.code} and {errors.StorageError.code} (both with retryAfterSeconds), "
    f"{errors.FileTooLarge.code}, {errors.StorageFull.code} or {errors.DomainError.code} (with a requestId); where a "
    "field's type has no Problem, a Problem's code. Messages are English; clients translate codes."
)
class Problem:
    """Why something was not done."""

    code: str = strawberry.field(graphql_type=ProblemCode, description="What is the matter, for programs.")
    message: str = strawberry.field(description="A sentence for the user.")
    field: list[str] | None = strawberry.field(default=None, description="The input field at fault, outermost first.")
    retry_after_seconds: int | None = strawberry.field(
        default=None,
        description=f"When to try again, for {errors.RateLimited.code}, {errors.QuotaExceeded.code} and "
        f"{errors.StorageError.code}.",
    )


def problem_of(error: Exception) -> Problem | None:
    """Translate an expected error; None for all others."""
    told = expected(error)
    if told is None or told.code not in _AS_DATA:
        return None
    return Problem(
        code=told.code,
        message=told.message,
        field=list(told.field) or None,
        retry_after_seconds=told.retry_after_seconds,
    )


def top_level(error: Exception) -> tuple[str, dict[str, Any]] | None:
    """Return message and extensions for an expected error where no Problem can stand; None for all others."""
    told = expected(error)
    if told is None or told.code not in {*_AS_DATA, errors.Unauthenticated.code}:
        return None
    extensions: dict[str, Any] = {"code": BAD_USER_INPUT if isinstance(told, errors.InvalidInput) else told.code}
    if told.field:
        extensions["field"] = list(told.field)
    if told.retry_after_seconds is not None:
        extensions["retryAfterSeconds"] = told.retry_after_seconds
    return told.message, extensions


class ExpectedErrors(strawberry.ExceptionHandler[errors.DomainError | DatabaseUnavailable, Problem]):
    """Puts a Problem where a resolver raised and its field's union has one, so that no resolver needs a ``try``."""

    def handle(
        self,
        exception: errors.DomainError | DatabaseUnavailable,
        *,
        field: object,  # noqa: ARG002 - Strawberry's signature
        info: object,
    ) -> Problem | None:
        """Return None for what is no Problem: it goes on as a top-level error."""
        problem = problem_of(exception)
        if problem is not None:
            cast("Info", info).context.metrics.errors.labels(problem.code).inc()
        return problem
