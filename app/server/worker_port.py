"""What an orchestrator and Prometheus ask a worker, on a port of its own: ``FIAPX_WORKER_PORT``."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.server import own_port


def answering(
    metrics: Callable[[], bytes], host: str, port: int | None, fit: Callable[[], bool] = lambda: True
) -> AbstractAsyncContextManager[None]:
    """Answer ``/livez``, ``/readyz`` and ``/metrics`` for as long as the block lasts; with no port, nothing."""

    async def livez(_: Request) -> Response:
        """200 for as long as the loop runs: Redis or the database being away is no reason to restart a worker."""
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        """503 once the worker takes no more videos, since too many in a row broke in it."""
        if fit():
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "unfit"}, HTTPStatus.SERVICE_UNAVAILABLE)

    async def text(_: Request) -> Response:
        return Response(metrics(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    app = Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", text)])
    return own_port.answering(app, host, port)
