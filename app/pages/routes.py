"""Pages that we serve ourselves: built once, with nothing from any other host."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.setting_forms import is_amazon
from app.settings import Settings

BUILT: Final = Path(__file__).with_name("static")
_NOTHING_ELSE: Final = ("default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")
_GRAPHIQL_POLICY: Final = (
    *_NOTHING_ELSE,
    "script-src 'self'",
    "worker-src 'self'",
    # Monaco writes its colours and places into style elements.
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "img-src 'self' data:",
    # 'self' includes WebSockets to the same place (Content Security Policy Level 3, section 6.7.2.8).
    "connect-src 'self'",
)
_OF_APPS: Final = (
    *_NOTHING_ELSE,
    "script-src 'self'",
    "style-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
_OPERATE_POLICY: Final = (*_OF_APPS, "img-src 'self'", "connect-src 'self'")
_APP_PATHS: Final = ("/", "/sign-up", "/forgot-password", "/reset-password", "/verify-email")
"""The places of the page at ``/``; frontend-sample/src/state/page.ts has the same."""
_SHARED_PATHS: Final = ("/videos/{id:uuid}",)
"""Places of the page that the API has, too."""
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
"""A name with a hash in it never means another content."""


class _Assets(StaticFiles):
    """The files that a built page loads, with the page's headers: a worker has the policy that it was sent with."""

    def __init__(self, folder: Path, headers: Mapping[str, str]) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._headers = headers

    async def check_config(self) -> None:
        """Ask for no folder: where a page was not built, its files are not found, which is no fault of the server."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update({**self._headers, **_FOR_EVER})
        return response


class _ForBrowsers(Route):
    """A place that the page shares with the API: who asks for HTML, as browsers do that go there, gets the page."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", "").lower():
            return super().matches(scope)
        return Match.NONE, {}


def page_routes(settings: Settings, built: Path = BUILT) -> list[BaseRoute]:
    """Return the routes of the pages that operators want served; ``built`` is where their files lie.

    They come before the API's: what both have is the page's for who asks for HTML.
    """
    routes: list[BaseRoute] = []
    if settings.graphiql:
        routes += _page("GraphiQL", built / "graphiql", ["/graphiql"], _GRAPHIQL_POLICY, assets="/graphiql/assets")
    if settings.frontend:
        app = built / "app"
        routes += _page("The page", app, _APP_PATHS, _app_policy(settings), assets="/assets", shared=_SHARED_PATHS)
        routes += _page(
            "The operators' page", built / "operate", ["/operate"], _OPERATE_POLICY, assets="/operate/assets"
        )
    return routes


def _app_policy(settings: Settings) -> Sequence[str]:
    """Let the page use nothing but itself and the storage, and write no markup from text (Trusted Types)."""
    pictures, parts = (
        f" {_storage_origin(url, settings.s3_bucket)}" if url else ""
        for url in (settings.s3_public_url, settings.upload_url)
    )
    connections = pictures if parts == pictures else pictures + parts
    # A film that was chosen is played from where it lies: from a blob that the page itself made of it.
    return (*_OF_APPS, f"img-src 'self'{pictures}", "media-src blob:", f"connect-src 'self'{connections}")


def _storage_origin(public_url: str, bucket: str) -> str:
    """Return where links to the storage lead: at Amazon to a host of the bucket's own.

    A bucket with a dot in its name has none, since Amazon's certificates would not cover it.
    """
    parts = urlsplit(public_url)
    host = f"{bucket}.{parts.netloc}" if is_amazon(public_url) and "." not in bucket else parts.netloc
    return f"{parts.scheme}://{host}"


def _page(
    name: str, folder: Path, paths: Sequence[str], policy: Sequence[str], *, assets: str, shared: Sequence[str] = ()
) -> list[BaseRoute]:
    index, headers = folder / "index.html", {"Content-Security-Policy": "; ".join(policy)}

    async def page(_: Request) -> Response:
        if not index.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND, f"{name} was not built here: make up builds it.")
        return FileResponse(index, headers={**headers, "Cache-Control": "no-cache", "Vary": "Accept"})

    files = GZipMiddleware(_Assets(folder / "assets", headers))
    own = (Route(path, page, methods=["GET"]) for path in paths)
    return [*own, *(_ForBrowsers(path, page, methods=["GET"]) for path in shared), Mount(assets, files)]
