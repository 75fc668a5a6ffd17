"""The catalogue of errors, made from the error tree and from the two tables that translate it."""

from collections.abc import Iterator
from typing import Final

from strawberry.types import get_object_definition

from app.domain.errors import DomainError, ProcessingError, RateLimited
from app.domain.failure import FailureCode
from app.graphql.problems import Problem, problem_of, top_level
from app.server.problem_types import EVERY
from app.server.problems import domain_problem

_INTRODUCTION: Final = """<!-- Made by make schema from app/domain/errors.py and its translations; change it there. -->
# Errors

Programs read `code`, people the message: messages may change, and clients translate codes.

* **GraphQL** answers what can be expected as a `Problem` in the data: `code`, `message`, `field`,
  `retryAfterSeconds`. What no `Problem` can say is a top-level error with `extensions.code`.
* **REST** answers with problem details (RFC 9457): `code`, `detail`, `field`, and `Retry-After` where coming back
  helps.
* **A video that cannot be processed** is no error of a request: its processing is `FAILED`, with a `failure.code`.
"""
_PROBLEMS: Final = """
## What a request may be answered

*Problem* says whether GraphQL answers it as one, *top-level* which code it has where a field's type has no `Problem`.

| Code | Meaning | Problem | Top-level | REST |
|---|---|---|---|---|
"""
_REFUSALS: Final = """
## What the server itself refuses

By REST, as problem details of the same form; `/graphql` says the same as errors with `extensions.code`.

| Code | Meaning | Status |
|---|---|---|
"""
_FAILURES: Final = """
## Why a video fails

*Again* says whether `reprocessVideo` of the same file can help.

| `failure.code` | Reason | Again |
|---|---|---|
"""


def page() -> str:
    """Return the page as Markdown."""
    described = get_object_definition(Problem, strict=True).description
    refusals = "".join(f"| `{one.code}` | {one.meaning} | {one.status:d} |\n" for one in EVERY)
    failures = "".join(f"| `{one}` | {one.reason} | {'yes' if one.retryable else 'no'} |\n" for one in FailureCode)
    return (
        f"{_INTRODUCTION}\n## In GraphQL\n\n{described}\n{_PROBLEMS}{''.join(map(_problem, kinds()))}"
        f"{_REFUSALS}{refusals}{_FAILURES}{failures}"
    )


def kinds(of: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """Return the error tree's classes that clients can meet, each after what it is a kind of."""
    for kind in of.__subclasses__():
        if not issubclass(kind, ProcessingError):
            yield kind
            yield from kinds(kind)


def _problem(kind: type[DomainError]) -> str:
    error = kind(retry_after_seconds=1) if issubclass(kind, RateLimited) else kind()
    answer, at_top = domain_problem(error), top_level(error)
    if not at_top:  # It is told to no client.
        return ""
    retry = " with `Retry-After`" if "retry-after" in answer.headers else ""
    top, told = at_top[1]["code"], "yes" if problem_of(error) else "no"
    return f"| `{kind.code}` | {kind.sentence()} | {told} | `{top}` | {answer.status_code}{retry} |\n"
