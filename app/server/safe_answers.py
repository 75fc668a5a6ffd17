"""What every answer has: safe headers, nothing of an unexpected error, and a clean end where a body was not read."""

import asyncio
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import get_contextvars

from app.server.draining import Drain, restarting
from app.server.metrics import route_of
from app.server.problems import unexpected_problem

DRAIN_BYTES: Final = 512 * 1024**2
DRAIN_SECONDS: Final = 20.0
"""So much of an unwanted body is read over after an early answer, so that the client sees the answer and no reset."""

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What a response says where it says nothing of its own."""

_log = structlog.stdlib.get_logger(__name__)


class SafeAnswers:
    """ASGI middleware; stands below ``RequestTrace``, by whose id an unexpected error is found in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            if not exchange.started:  # The server ends, and has waited for us as long as it may.
                await restarting(scope["path"])(scope, exchange.receive, exchange.send_last)
            raise
        except Exception:
            # Not the path, which may be a ticket and so a key to a file.
            _log.exception("unexpected_error", method=scope["method"], route=route_of(scope))
            if exchange.started:
                raise  # The server cuts the connection: half an answer must not look whole.
            request_id = get_contextvars()["request_id"]
            await unexpected_problem(request_id)(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer, watched from outside."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        self._receive, self._send = receive, send
        self._unread = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._waits = headers.get("expect", "").lower() == "100-continue"
        self._closing = False
        seconds = scope["app"].state.settings.hsts_seconds if scope["scheme"] == "https" else 0
        self._hsts = f"max-age={seconds}" if seconds else ""
        self._server: Drain = scope["app"].state.drain
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._waits = False
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._hsts:
                headers.setdefault("Strict-Transport-Security", self._hsts)
            if self._unread:
                self._closing = True
            if self._unread or self._server.active:
                headers["Connection"] = "close"
        elif self._closing and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def send_last(self, message: Message) -> None:
        """Send without reading over what is still coming: there is no time for it."""
        self._unread = False
        await self.send(message)

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
