"""Which pages of other origins may call us from a browser (Fetch standard, CORS)."""

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_PATHS: Final = ("/graphql", "/auth/", "/videos", "/storyboards/")
_PREFLIGHT_SECONDS: Final = 7200
"""For so long a browser need not ask again; the longest that all of them honour."""


class CrossOrigin:
    """ASGI middleware: Starlette's own, for the API alone.

    It stands outside of all that answers, so that a page can read errors too. No cookies are ours, so none are allowed.
    """

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "Apollo-Require-Preflight",
                "GraphQL-Require-Preflight",
                "X-Apollo-Operation-Name",
                "Range",
                "If-Range",
                "X-Request-Id",
            ],
            expose_headers=["Retry-After", "X-Request-Id", "Content-Disposition", "Content-Range", "ETag"],
            max_age=_PREFLIGHT_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared = scope["type"] == "http" and scope["path"].startswith(_PATHS)
        await (self._shared if shared else self._app)(scope, receive, send)
