"""The ASGI application."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Lifespan
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.bootstrap import compose
from app.domain.errors import DomainError
from app.graphql.view import GraphQLView
from app.infra.traces import tracing
from app.pages.routes import page_routes
from app.rest.routes import ROUTES
from app.server.cross_origin import CrossOrigin
from app.server.draining import Draining
from app.server.draining_server import collect_less_often
from app.server.hosts import Hosts, hosts_of
from app.server.own_port import about, answering
from app.server.problems import on_expected_error, on_http_exception
from app.server.request_trace import RequestTrace
from app.server.safe_answers import SafeAnswers
from app.server.services import Services
from app.server.serving import Serving
from app.server.throttle import Throttle, TokenBuckets
from app.settings import Settings, TraceSettings
from app.usecases.ports.database import DatabaseUnavailable


def create_app(settings: Settings, traces: TraceSettings, serving: Serving) -> Starlette:
    """Make the application as it is served: composed when it starts, taken apart when it ends."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # Here, since uvicorn ends the process by the signal that it got, and no block around it is left.
        with tracing(traces, "fiapx-webapi"):
            async with compose(settings) as service:
                app.state.services = service.services
                collect_less_often()
                async with answering(about(app), settings.host, settings.metrics_port):
                    yield

    return _application(lifespan, serving)


def application(services: Services, serving: Serving) -> Starlette:
    """Make the application of what was composed already."""
    app = _application(None, serving)
    app.state.services = services
    return app


def _application(lifespan: Lifespan[Starlette] | None, serving: Serving) -> Starlette:
    settings = serving.settings
    buckets = TokenBuckets(settings.requests_per_minute)
    view = GraphQLView(settings, buckets)
    routes: list[BaseRoute] = [
        Route("/graphql", view),
        WebSocketRoute("/graphql", view),
        *page_routes(settings),
        *ROUTES,
    ]
    handlers: Mapping[Any, Any] = {
        DomainError: on_expected_error,
        DatabaseUnavailable: on_expected_error,
        HTTPException: on_http_exception,
    }
    app = Starlette(
        routes=routes, middleware=_middleware(serving, buckets), exception_handlers=handlers, lifespan=lifespan
    )
    app.state.settings = settings
    app.state.drain = serving.drain
    app.state.metrics = serving.metrics
    app.state.uploads = serving.uploads
    return app


def _middleware(serving: Serving, buckets: TokenBuckets) -> list[Middleware]:
    """From the outside in: who asks, what a page may read, what every answer has, and how many there may be."""
    settings = serving.settings
    inner = [
        Middleware(RequestTrace),
        Middleware(SafeAnswers),
        Middleware(Hosts, hosts_of(settings)),
        Middleware(Draining, serving.drain),
        Middleware(Throttle, buckets),
    ]
    if settings.allowed_origins:
        inner.insert(0, Middleware(CrossOrigin, settings.allowed_origins))
    if settings.trusted_proxies:
        # uvicorn types its middleware by its own names for the same protocol.
        inner.insert(0, Middleware(cast("Any", ProxyHeadersMiddleware), list(settings.trusted_proxies)))
    return inner
