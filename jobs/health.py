"""What an orchestrator and Prometheus ask a worker, on a port of its own: ``FIAPX_WORKER_PORT``."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, final

import structlog
import uvicorn
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jobs.metrics import WorkerMetrics

log = structlog.get_logger(__name__)

_GRACE_SECONDS: Final = 5
"""Who asks and does not read the answer must not keep a worker from its end."""


@final
class _Server(uvicorn.Server):
    """uvicorn's, which leaves the signals to the worker."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def answering(metrics: WorkerMetrics, host: str, port: int | None) -> AsyncIterator[None]:
    """Answer ``/livez`` and ``/metrics`` for as long as the block lasts; with no port, nothing."""
    if port is None:
        yield
        return

    async def livez(_: Request) -> Response:
        """200 for as long as the loop runs: Redis or the database being away is no reason to restart a worker."""
        return JSONResponse({"status": "ok"})

    async def text(_: Request) -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    app = Starlette(routes=[Route("/livez", livez), Route("/metrics", text)])
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as fault:  # Another has the port, which is no reason to end the work.
        log.warning("nobody can ask how this worker is", port=port, fault=str(fault))
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
