"""What an orchestrator asks."""

from http import HTTPStatus
from typing import Final, Literal

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from app.server.contract import Answer, described, promises
from app.server.problem_types import UNKNOWN_PATH
from app.server.services import services_of
from app.server.throttle import is_health_check

_HELPFUL: Final = frozenset({"redis", "disk"})
"""Parts that are told and fail nothing: without Redis everything is accepted still, only later done, and on a full disk
everything but uploads goes on. Deleting, above all."""


@described
class Alive(TypedDict):
    """A process whose loop runs."""

    status: Literal["ok"]


@described
class Readiness(TypedDict):
    """Whether requests can be served here, and by which parts."""

    status: Literal["ready", "unavailable", "draining"]
    """``draining`` where the process is about to end."""
    parts: dict[str, bool]
    """Each part with whether it works."""


def _only_as_spelled(request: Request) -> None:
    """Raise 404 where the path came in another spelling (RFC 3986, section 2.3), past a rule of a proxy's."""
    if not is_health_check(request.scope):
        raise HTTPException(HTTPStatus.NOT_FOUND)


@promises("health", Answer(HTTPStatus.OK, "It lives.", Alive), problems=(UNKNOWN_PATH,), always=True)
async def livez(request: Request) -> Response:
    """Ask whether the process lives; another part being away is no reason to restart this one."""
    _only_as_spelled(request)
    return JSONResponse(Alive(status="ok"))


@promises(
    "health",
    Answer(HTTPStatus.OK, "Requests can be served here.", Readiness),
    Answer(HTTPStatus.SERVICE_UNAVAILABLE, "They cannot: a part is away, or the process is about to end.", Readiness),
    problems=(UNKNOWN_PATH,),
    always=True,
)
async def readyz(request: Request) -> Response:
    """Ask whether requests can be served here, and which parts work."""
    _only_as_spelled(request)
    parts = await services_of(request).ready()
    draining: bool = request.app.state.drain.active
    ready = all(works for part, works in parts.items() if part not in _HELPFUL) and not draining
    body = Readiness(status="draining" if draining else "ready" if ready else "unavailable", parts=dict(parts))
    return JSONResponse(body, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)
