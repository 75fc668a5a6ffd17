"""The time between being told to end and ending."""

from time import monotonic
from typing import final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import PASSING_SECONDS
from app.server.problem_types import RESTARTING
from app.server.problems import rejected
from app.server.throttle import is_health_check


@final
class Drain:
    """First who routes requests to us shall notice; then nothing new begins, and uploads under way go on to their end.

    ``seconds`` is how long the first takes, ``upload_seconds`` how long the second may.
    """

    def __init__(self, seconds: float = 0, upload_seconds: float = 0) -> None:
        self._seconds = seconds
        self._upload_seconds = upload_seconds
        self._began_at: float | None = None

    def begin(self) -> bool:
        """Begin, unless it has begun or takes no time: then give False."""
        if self._seconds + self._upload_seconds <= 0 or self.active:
            return False
        self._began_at = monotonic()
        return True

    @property
    def active(self) -> bool:
        """Whether nothing new should be sent here."""
        return self._began_at is not None

    @property
    def refusing(self) -> bool:
        """Whether nothing new is begun any more."""
        return self._lasts_since(self._seconds)

    @property
    def over(self) -> bool:
        return self._lasts_since(self._seconds + self._upload_seconds)

    def _lasts_since(self, seconds: float) -> bool:
        return self._began_at is not None and monotonic() >= self._began_at + seconds


class Draining:
    """ASGI middleware: in the second part of a drain all that is new is told to come back, but for health checks."""

    def __init__(self, app: ASGIApp, drain: Drain) -> None:
        self._app = app
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        new = scope["type"] in {"http", "websocket"} and not is_health_check(scope)
        app = restarting(scope["path"]) if new and self._drain.refusing else self._app
        await app(scope, receive, send)


def restarting(path: str) -> Response:
    """Answer whom it cannot serve any more that this process ends."""
    detail = "The service is being restarted; try again in a moment."
    return rejected(path, RESTARTING.status, RESTARTING.code, RESTARTING.status.phrase, detail, PASSING_SECONDS)
