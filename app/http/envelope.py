"""What goes around every request: an id, safe headers, no leak, and a clean end where a body was not read."""

import asyncio
import re
from time import monotonic
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.http.problems import unexpected_problem

DRAIN_BYTES: Final = 512 * 1024**2
DRAIN_SECONDS: Final = 20.0
"""So much of an unwanted body is read over after an early answer, so that the client sees the answer and no reset."""

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What a response says where it says nothing of its own."""

_CLIENT_WENT_AWAY: Final = 499
"""What is counted where nobody waited for an answer."""

_log = structlog.stdlib.get_logger(__name__)


class Envelope:
    """ASGI middleware; the outermost of ours, so that whatever leaves has passed it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        with bound_contextvars(request_id=request_id):
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
                return
            exchange, began = _Exchange(scope, receive, send, request_id), monotonic()
            try:
                await self._app(scope, exchange.receive, exchange.send)
            except Exception:
                _log.exception("unexpected_error", method=scope["method"], path=scope["path"])
                if exchange.started:
                    raise  # The server cuts the connection: half an answer must not look whole.
                await unexpected_problem(request_id)(scope, exchange.receive, exchange.send)
            finally:
                scope["app"].state.metrics.requested(scope, exchange.status, monotonic() - began)


class _Exchange:
    """One request and its answer, watched from outside."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        headers = Headers(scope=scope)
        self._receive, self._send, self._request_id = receive, send, request_id
        self._unread = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._waits = headers.get("expect", "").lower() == "100-continue"
        self._closing = False
        self.started = False
        self.status = _CLIENT_WENT_AWAY

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits = False
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._unread:
                self._closing = True
                headers["Connection"] = "close"
        elif self._closing and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def _drain(self) -> None:
        """Read a little of what is still coming; a client that waits for our leave to send sends nothing."""
        if self._waits:
            return
        left = DRAIN_BYTES
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._unread and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return
