"""What an endpoint promises to its clients, said beside it; the OpenAPI document is made from that.

Bodies are TypedDicts, so that mypy holds what an endpoint sends against what it promises. What every endpoint may
answer (errors of the server itself, a body that is no JSON) is added here, and nobody has to think of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired, TypeAlias, TypeVar, cast

from pydantic import ConfigDict, Field, with_config
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import TypedDict

from app.domain.errors import (
    DomainError,
    FileTooLarge,
    InsufficientScope,
    InvalidInput,
    RateLimited,
    Unauthenticated,
    UploadIncomplete,
)
from app.server.problem_types import BEFORE_ANY_ROUTE, BROKEN, NO_JSON, ON_THE_WIRE, ProblemType

described: Final = with_config(ConfigDict(use_attribute_docstrings=True))
"""Decorates a body: the docstrings below its members are their descriptions."""
Uuid: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Instant: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]

Endpoint = TypeVar("Endpoint", bound=Callable[[Request], Awaitable[Response]])


@described
class Problem(TypedDict):
    """An error (RFC 9457): ``code`` is for programs, ``detail`` for people."""

    type: str
    """The code once more, as a URN."""
    title: str
    """What the code means, always the same sentence."""
    status: int
    """The answer's status."""
    detail: str
    """What is the matter this time."""
    code: str
    """What is the matter, for programs."""
    field: NotRequired[list[str]]
    """The member at fault, outermost first."""
    requestId: NotRequired[str]
    """Under which the log has more, where the fault is ours."""


class Header(NamedTuple):
    """A header of an answer."""

    name: str
    meaning: str
    type: Literal["string", "integer"] = "string"


HEADERS: Final[Mapping[str, Header]] = {
    header.name: header
    for header in (
        Header("X-Request-Id", "Names this request in the log; yours, if you sent one of 8 to 64 letters and digits."),
        Header("Retry-After", "In how many seconds trying again can help.", "integer"),
        Header("WWW-Authenticate", "How to authenticate: by a bearer token (RFC 6750), and which scope its key lacks."),
        Header("Allow", "The methods that this path has."),
        Header("Accept-Ranges", "That a part can be asked for, in bytes."),
        Header("Content-Range", "Which part of how many bytes this is."),
        Header("Content-Length", "How many bytes follow.", "integer"),
        Header("Content-Disposition", "Under which name to save it (RFC 6266)."),
        Header("ETag", "Names the content; send it as If-Range or If-None-Match."),
        Header("Cache-Control", "Who may keep the answer."),
        Header("Location", "Where it is to be fetched; it authorises itself for a few minutes."),
    )
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a request may say beside its body."""

    where: Literal["path", "query", "header"]
    name: str
    meaning: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no error: its body is a TypedDict, sent as JSON, or bytes of another type, or nothing."""

    status: HTTPStatus
    meaning: str
    body: Any = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    to_head: bool = True
    """Whether HEAD gets it too."""


@dataclass(frozen=True, slots=True)
class Contract:
    """All that an endpoint promises."""

    tag: str
    answers: tuple[Answer, ...]
    errors: tuple[type[DomainError], ...]
    problems: tuple[ProblemType, ...]
    parameters: tuple[Parameter, ...]
    body: Any
    media_type: str
    signed_in: bool


def promises(
    tag: str,
    *answers: Answer,
    errors: tuple[type[DomainError], ...] = (),
    problems: tuple[ProblemType, ...] = (),
    parameters: tuple[Parameter, ...] = (),
    body: Any = None,
    media_type: str = "application/json",
    signed_in: bool = False,
    always: bool = False,
) -> Callable[[Endpoint], Endpoint]:
    """Keep with an endpoint what it promises; its docstring says what it is for.

    ``errors`` and ``problems`` are its own; those that belong to a body, to a session and to every request are added.
    With ``always`` it is answered whatever the server would refuse else, as health checks are.
    """
    if body is not None:
        errors += (InvalidInput, FileTooLarge, UploadIncomplete)
    if body is not None and media_type == "application/json":
        problems += (NO_JSON,)
    if signed_in:
        errors += (Unauthenticated, InsufficientScope)
    if not always:
        errors, problems = (*errors, RateLimited), problems + BEFORE_ANY_ROUTE
    problems += (*ON_THE_WIRE, BROKEN)
    unique = tuple(dict.fromkeys(errors))
    contract = Contract(tag, answers, unique, problems, parameters, body, media_type, signed_in)

    def keep(endpoint: Endpoint) -> Endpoint:
        vars(endpoint)["contract"] = contract
        return endpoint

    return keep


def contract_of(endpoint: Callable[..., Any]) -> Contract:
    """Return what an endpoint promises; a route without a contract is a mistake, and a KeyError."""
    return cast("Contract", vars(endpoint)["contract"])
