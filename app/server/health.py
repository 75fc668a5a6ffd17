"""What an orchestrator asks."""

from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.server.edge import edge_of
from app.server.throttle import is_health_check

_HELPFUL: Final = frozenset({"redis"})
"""Parts without which everything is accepted still, only later done; they are told, and fail nothing."""


def _only_as_spelled(request: Request) -> None:
    """Raise 404 where the path came in another spelling (RFC 3986, section 2.3), past a rule of a proxy's."""
    if not is_health_check(request.scope):
        raise HTTPException(HTTPStatus.NOT_FOUND)


async def livez(request: Request) -> Response:
    """GET /livez: 200 for as long as the loop runs; another part being away is no reason to restart this one."""
    _only_as_spelled(request)
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """GET /readyz: 200 where requests can be served, else 503; each part with whether it works."""
    _only_as_spelled(request)
    parts = await edge_of(request).ready()
    draining: bool = request.app.state.drain.active
    ready = all(works for part, works in parts.items() if part not in _HELPFUL) and not draining
    status = "draining" if draining else "ready" if ready else "unavailable"
    code = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"status": status, "parts": dict(parts)}, code)
