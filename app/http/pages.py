"""Pages that we serve ourselves: built once, with nothing from any other host."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from app.http.policy import Policy

_STATIC: Final = Path(__file__).with_name("static")
_GRAPHIQL_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    # Monaco writes its colours and places into style elements.
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data:",
    # 'self' includes WebSockets to the same place (Content Security Policy Level 3, section 6.7.2.8).
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""A name with a hash in it never means another content."""


class _Assets(StaticFiles):
    """The files that a built page loads, with the page's headers: a worker has the policy that it was sent with."""

    def __init__(self, folder: Path, headers: Mapping[str, str]) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._headers = headers

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update({**self._headers, **_FOR_EVER})
        return response


def page_routes(policy: Policy) -> list[BaseRoute]:
    """Give the routes of the pages that operators want served."""
    return [*_page("/graphiql", "GraphiQL", _STATIC / "graphiql", _GRAPHIQL_POLICY)] if policy.graphiql else []


def _page(path: str, name: str, folder: Path, policy: Sequence[str]) -> list[BaseRoute]:
    index, headers = folder / "index.html", {"Content-Security-Policy": "; ".join(policy)}

    async def page(_: Request) -> Response:
        if not index.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{name} was not built here: make up builds it.")
        return FileResponse(index, headers={**headers, "Cache-Control": "no-cache"})

    assets = GZipMiddleware(_Assets(folder / "assets", headers))
    return [Route(path, page, methods=["GET"]), Mount(f"{path}/assets", assets)]
