"""What operators see of the edges, as Prometheus reads it (its text format 0.0.4)."""

import asyncio
from collections.abc import Mapping
from typing import Final, cast, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Scope

from app.server.services import services_of

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""From a page's query to the upload of a long film."""
_BACKLOG_SECONDS: Final = 2.0


@final
class Metrics:
    """One process's counters. Labels have few values, and never a user's."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "fiapx_http_requests",
            "Requests, by the route's pattern.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "fiapx_http_request_seconds",
            "From a request's first byte to its answer's last.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.operations = Counter(
            "fiapx_graphql_operations",
            "Queries and mutations, by root field.",
            ["kind", "field", "outcome"],
            registry=self.registry,
        )
        self.operation_seconds = Histogram(
            "fiapx_graphql_operation_seconds",
            "How long a query or mutation took.",
            ["kind", "field"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.errors = Counter(
            "fiapx_errors", "Expected errors that clients were told, by code.", ["code"], registry=self.registry
        )
        self.rejected = Counter(
            "fiapx_requests_rejected", "Requests that were rejected, by why.", ["reason"], registry=self.registry
        )
        self.connections = Gauge("fiapx_connections_open", "Open connections.", registry=self.registry)
        self.sockets = Gauge("fiapx_websockets_open", "Open WebSockets.", registry=self.registry)
        self._backlog = Gauge(
            "fiapx_backlog", "What waits, in the database and in the queues.", ["what"], registry=self.registry
        )

    def requested(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that was answered; what has no route is one kind."""
        route, method = route_of(scope), scope["method"] if scope["method"] in _METHODS else "other"
        self.requests.labels(method, route, str(status)).inc()
        self.request_seconds.labels(method, route).observe(seconds)

    def operated(self, kind: str, field: str, *, failed: bool, seconds: float) -> None:
        """Count a query or a mutation."""
        self.operations.labels(kind, field, "error" if failed else "ok").inc()
        self.operation_seconds.labels(kind, field).observe(seconds)

    def text(self, backlog: Mapping[str, float]) -> bytes:
        """Write all of them; of a store that is away nothing is said rather than something old."""
        self._backlog.clear()
        for what, value in backlog.items():
            self._backlog.labels(what).set(value)
        return generate_latest(self.registry)


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that a request took; the path itself may hold a ticket."""
    return str(getattr(scope.get("route"), "path", "none"))


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def metrics_of(connection: HTTPConnection) -> Metrics:
    """Return this application's counters."""
    return cast("Metrics", connection.app.state.metrics)


async def metrics(request: Request) -> Response:
    """GET /metrics, on a port of its own: counters of this process, and what waits for all of them."""
    try:
        async with asyncio.timeout(_BACKLOG_SECONDS):
            backlog = await services_of(request).backlog()
    except TimeoutError:
        backlog = {}
    return Response(metrics_of(request).text(backlog), media_type=CONTENT_TYPE_PLAIN_0_0_4)
