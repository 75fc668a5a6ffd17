"""A port that only orchestrators and Prometheus know: what it answers is not for the outside, however it is spelled."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from http import HTTPStatus
from typing import Final, final

import structlog
import uvicorn
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.domain.network import is_loopback
from app.server.connections import OTHER_FILES, Connections
from app.server.health import livez, readyz
from app.server.hosts import LOOPBACK, Hosts
from app.server.metrics import Metrics, metrics
from app.server.protocol import BoundedHttp
from app.settings import ServerSettings
from app.usecases.worker_health import WorkerHealth

_GRACE_SECONDS: Final = 5
"""Who asks and does not read the answer must not keep a process from its end."""
_MOST: Final = 64
"""Connections at once, which have no part in those of the public port."""

_log = structlog.stdlib.get_logger(__name__)


@final
class _Server(uvicorn.Server):
    """uvicorn's, which leaves the signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def about(app: Starlette) -> Starlette:
    """Make the application that says of another how it is and what it counts."""
    inside = Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])
    inside.state = app.state
    return inside


def about_worker(metrics: Callable[[], bytes], health: WorkerHealth) -> Starlette:
    """Make that of a worker, which lives though a store is away, and is ready for as long as it is fit."""

    async def readyz(_: Request) -> Response:
        """503 once the worker takes no more videos, since too many in a row broke in it."""
        if health.unfit.is_set():
            return JSONResponse({"status": "unfit"}, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ready"})

    async def text(_: Request) -> Response:
        return Response(metrics(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", text)])


@asynccontextmanager
async def answering(app: Starlette, host: str, port: int | None) -> AsyncIterator[None]:
    """Serve for as long as the block lasts; with no port, or one that another has, not at all.

    On loopback no page is served whose domain resolves to this machine; elsewhere who scrapes asks by an address.
    """
    if port is None:
        yield
        return
    settings = ServerSettings.model_construct(
        max_connections=_MOST
    )  # The rest as shipped, whatever the public port has.
    local = host == LOOPBACK or is_loopback(host)
    config = uvicorn.Config(
        Hosts(app, (LOOPBACK,) if local else ()),
        http=partial(BoundedHttp, connections=Connections(settings, Metrics(), _MOST + OTHER_FILES), settings=settings),  # type: ignore[arg-type]  # It is called as a class is.
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as fault:  # That is no reason to end the work.
        _log.warning("nobody can ask how this process is", port=port, fault=str(fault))
        yield
        return
    server = _Server(config)
    with listener:
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving
