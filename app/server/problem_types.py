"""The errors of the server itself, whatever the route: each with its status, its code and when it is said."""

from http import HTTPStatus
from typing import Final, NamedTuple

from app.domain.errors import DomainError


class ProblemType(NamedTuple):
    """One of them (RFC 9457): ``meaning`` is for the contract, an answer's ``detail`` may say it more exactly."""

    status: HTTPStatus
    code: str
    meaning: str
    headers: tuple[str, ...] = ()
    """The names of those that it always has."""


MALFORMED: Final = ProblemType(
    HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "This is no HTTP/1.1, names no host, or says one thing twice."
)
UNKNOWN_PATH: Final = ProblemType(
    HTTPStatus.NOT_FOUND, "NOT_FOUND", "There is nothing under this path; a link that expired gets the same answer."
)
UNKNOWN_METHOD: Final = ProblemType(
    HTTPStatus.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This path has other methods: Allow names them.", ("Allow",)
)
HEAD_TOO_LATE: Final = ProblemType(
    HTTPStatus.REQUEST_TIMEOUT, "REQUEST_TIMEOUT", "The request's head did not come in time."
)
NO_JSON: Final = ProblemType(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", "The body is not application/json in UTF-8."
)
OUTSIDE_THE_FILE: Final = ProblemType(
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "RANGE_NOT_SATISFIABLE",
    "The range lies outside the file: Content-Range tells its size.",
    ("Accept-Ranges", "Content-Range"),
)
UNKNOWN_HOST: Final = ProblemType(
    HTTPStatus.MISDIRECTED_REQUEST, "MISDIRECTED_REQUEST", "The Host that was asked for is not served here."
)
HEAD_TOO_LARGE: Final = ProblemType(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "HEAD_TOO_LARGE", "The request's head is larger than is allowed."
)
BROKEN: Final = ProblemType(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    DomainError.code,
    "Something is wrong on our side: the log has more under requestId.",
)
RESTARTING: Final = ProblemType(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "SERVICE_UNAVAILABLE",
    "This process is being restarted; come back in a moment.",
    ("Retry-After",),
)
FULL_HOUSE: Final = ProblemType(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "TOO_MANY_CONNECTIONS",
    "Too many connections are open; come back in a moment.",
    ("Retry-After",),
)

ON_THE_WIRE: Final = (MALFORMED, HEAD_TOO_LATE, HEAD_TOO_LARGE)
"""Said to every request, health checks too, some of them before it has an id."""
BEFORE_ANY_ROUTE: Final = (UNKNOWN_HOST, RESTARTING, FULL_HOUSE)
"""Said to every request but health checks."""
EVERY: Final = (UNKNOWN_PATH, UNKNOWN_METHOD, NO_JSON, OUTSIDE_THE_FILE, BROKEN, *ON_THE_WIRE, *BEFORE_ANY_ROUTE)
