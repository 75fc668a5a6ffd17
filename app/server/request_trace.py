"""Whose request it is in logs, traces and metrics: an id, a span, and what became of it."""

import re
from http import HTTPStatus
from time import monotonic
from typing import Final
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.server.metrics import route_of

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_CLIENT_WENT_AWAY: Final = 499
"""What is counted where nobody waited for an answer."""

_tracer: Final = trace.get_tracer("fiapx")
_w3c: Final = TraceContextTextMapPropagator()
_NO_TRACE: Final = Context()


class RequestTrace:
    """ASGI middleware; the outermost of ours, so that it sees every answer as it leaves.

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
                    await self._followed(scope, receive, send, request_id)
        finally:
            detach(token)
            span.end()

    async def _followed(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status, began = _CLIENT_WENT_AWAY, monotonic()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            scope["app"].state.metrics.requested(scope, status, monotonic() - began)
            _describe(trace.get_current_span(), scope, status, request_id)


def _describe(span: trace.Span, scope: Scope, status: int, request_id: str) -> None:
    """Record of a request what its answer was; of its URL only the route's pattern."""
    if not span.is_recording():
        return
    route = route_of(scope)
    span.update_name(f"{scope['method']} {route}")
    span.set_attributes({"http.route": route, "http.response.status_code": status, "fiapx.request": request_id})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.set_status(StatusCode.ERROR)
