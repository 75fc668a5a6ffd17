"""What goes around every request: an id, a trace, safe headers, no leak, and a clean end where a body was not read."""

import asyncio
import re
from http import HTTPStatus
from time import monotonic
from typing import Final
from uuid import uuid4

import structlog
from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.server.draining import Drain, restarting
from app.server.metrics import route_of
from app.server.problems import unexpected_problem

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
_tracer: Final = trace.get_tracer("fiapx")
_w3c: Final = TraceContextTextMapPropagator()
_NO_TRACE: Final = Context()


class Envelope:
    """ASGI middleware; the outermost of ours, so that whatever leaves has passed it.

    A caller's ``traceparent`` (W3C Trace Context) is gone on with, so that a browser or a gateway can follow its own
    requests. Its flag decides nothing, and of ``tracestate`` nothing is taken over; who chooses the trace's id chooses
    whether it is among the share that is recorded, unless the proxy in front strips the header.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given, parent = headers.get("x-request-id", ""), headers.get("traceparent")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        above = _w3c.extract({"traceparent": parent}) if parent else _NO_TRACE
        span = _tracer.start_span(scope["type"], above, SpanKind.SERVER)
        token = attach(trace.set_span_in_context(span, above))
        try:
            with bound_contextvars(request_id=request_id):
                if scope["type"] == "websocket":
                    await self._app(scope, receive, send)
                else:
                    await self._answer(scope, receive, send, request_id)
        finally:
            detach(token)
            span.end()

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        exchange, began = _Exchange(scope, receive, send, request_id), monotonic()
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
            await unexpected_problem(request_id)(scope, exchange.receive, exchange.send)
        finally:
            scope["app"].state.metrics.requested(scope, exchange.status, monotonic() - began)
            _tell(trace.get_current_span(), scope, exchange.status, request_id)


def _tell(span: trace.Span, scope: Scope, status: int, request_id: str) -> None:
    """Say of a recorded request what its answer was; of its URL only the route's pattern."""
    if not span.is_recording():
        return
    route = route_of(scope)
    span.update_name(f"{scope['method']} {route}")
    span.set_attributes({"http.route": route, "http.response.status_code": status, "fiapx.request": request_id})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


class _Exchange:
    """One request and its answer, watched from outside."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        headers = Headers(scope=scope)
        self._receive, self._send, self._request_id = receive, send, request_id
        self._unread = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._waits = headers.get("expect", "").lower() == "100-continue"
        self._closing = False
        seconds = scope["app"].state.policy.hsts_seconds if scope["scheme"] == "https" else 0
        self._hsts = f"max-age={seconds}" if seconds else ""
        self._server: Drain = scope["app"].state.drain
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
