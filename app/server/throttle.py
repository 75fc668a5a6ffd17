"""How many requests one network may send; an operation over a WebSocket is one."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from app.domain.errors import RateLimited
from app.server.problems import rejected
from app.server.services import address_of

HEALTH: Final = frozenset({b"/livez", b"/readyz"})
"""As they are spelled, and not otherwise: a proxy in front that keeps them inside looks for nothing else."""
_KEYS: Final = 20_000
"""The most that are remembered; whoever came longest ago is forgotten, which only gives them back what they had."""


class Buckets:
    """For each key so much as ``per_minute`` at once, which comes back little by little; a key may owe some.

    With less than ``enough`` it has to wait.
    """

    def __init__(
        self, per_minute: float, *, enough: float = 1, keys: int = _KEYS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = per_minute
        self._enough = min(enough, per_minute)
        self._keys = keys
        self._now = now
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Return 0, or in how many seconds there will be enough."""
        return max(0.0, self._enough - self._of(key)) * 60 / self._most

    def take(self, key: str, amount: float) -> None:
        """Take so much, whether it is there or not."""
        self._left[key] = (self._of(key) - amount, self._now())
        self._left.move_to_end(key)
        if len(self._left) > self._keys:
            self._left.popitem(last=False)

    def _of(self, key: str) -> float:
        left, at = self._left.get(key, (self._most, 0.0))
        return min(self._most, left + (self._now() - at) * self._most / 60)


class TokenBuckets(Buckets):
    """For each key as many tries as ``per_minute`` at once, which come back one after the other."""

    def spend(self, key: str) -> float:
        """Take one; give 0, or in how many seconds there will be one."""
        wait = self.wait(key)
        self.take(key, 0 if wait else 1)
        return wait


class Throttle:
    """ASGI middleware: refuses with 429 what is too much, before anything of it is looked at; never a health check."""

    def __init__(self, app: ASGIApp, buckets: TokenBuckets) -> None:
        self._app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and not is_health_check(scope):
            wait = self._buckets.spend(address_of(HTTPConnection(scope)))
            if wait:
                scope["app"].state.metrics.rejected.labels("network").inc()
                # Before it is accepted, a WebSocket is refused like any other request (ASGI's extension for it).
                status, error = HTTPStatus.TOO_MANY_REQUESTS, RateLimited(retry_after_seconds=math.ceil(wait))
                seconds = error.retry_after_seconds
                refused = rejected(scope["path"], status, error.code, error.sentence(), error.message, seconds)
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_health_check(scope: Scope) -> bool:
    """Whether an orchestrator asks how we are."""
    return scope["type"] == "http" and scope.get("raw_path") in HEALTH
