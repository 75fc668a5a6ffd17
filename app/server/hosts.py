"""For whom a request is, and that it says so once (RFC 9112, section 3.2).

A page of a stranger's domain that resolves to our own address (DNS rebinding) is of the same origin as we are, to a
browser; only its Host header tells. What a request says twice, a proxy in front may have read otherwise than we do.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.network import is_loopback
from app.server.problem_types import MALFORMED, UNKNOWN_HOST, ProblemType
from app.server.problems import problem
from app.server.throttle import is_health_check
from app.settings import Settings

LOOPBACK: Final = "localhost"
"""Among the allowed hosts it stands for every name of this very machine."""

_AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~%!$&'()*+,;=-]+)(:[0-9]*)?")
_ONCE: Final = (b"host", b"authorization")


def hosts_of(settings: Settings) -> tuple[str, ...]:
    """Return the hosts that we answer to: where none are set, on loopback our own names are the only ones."""
    if settings.allowed_hosts or not (settings.host == LOOPBACK or is_loopback(settings.host)):
        return settings.allowed_hosts
    public = urlsplit(settings.public_url or "").hostname
    return (LOOPBACK, *([public] if public else []))


class Hosts:
    """ASGI middleware: 400 where a header is there twice, or no host, and 421 where it is not one of ``allowed``.

    Where none are named all are allowed. Who asks for our health names whatever address it found us at.
    """

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._allowed = frozenset(_name(host) for host in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._error_response(scope) if scope["type"] in {"http", "websocket"} else None
        await (answer or self._app)(scope, receive, send)

    def _error_response(self, scope: Scope) -> Response | None:
        names = [name for name, _ in scope["headers"] if name in _ONCE]
        if len(names) != len(set(names)):
            return _response(MALFORMED, "Send Host and Authorization once each.")
        host = next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), None)
        if host is None and scope["http_version"] == "1.0":
            host = ""
        elif host is None or not _AUTHORITY.fullmatch(host):
            return _response(MALFORMED, "Send a Host header that names a host.")
        if not self._allowed or is_health_check(scope) or self._allows(_name(host)):
            return None
        return _response(UNKNOWN_HOST, "This host is not served here.")

    def _allows(self, name: str) -> bool:
        local = name == LOOPBACK or name.endswith(f".{LOOPBACK}") or is_loopback(name)
        return name in self._allowed or (local and LOOPBACK in self._allowed)


def _name(host: str) -> str:
    """Return the host of an authority without its port, brackets and the dot of the root."""
    found = _AUTHORITY.fullmatch(host.lower())
    return found[1].strip("[]").removesuffix(".") if found else ""


def _response(kind: ProblemType, detail: str) -> Response:
    return problem(kind.status, kind.code, kind.status.phrase, detail)
