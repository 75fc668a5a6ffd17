"""Every path of the REST contract."""

import json
from functools import cache
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.rest import accounts, batches, files, frames, storyboards, videos, ways_out
from app.rest.openapi import document
from app.server import health
from app.server.contract import Answer, promises
from app.server.problem_types import UNKNOWN_PATH
from app.server.services import settings_of


@promises("description", Answer(HTTPStatus.OK, "The description.", {"type": "object"}), problems=(UNKNOWN_PATH,))
async def openapi(request: Request) -> Response:
    """Fetch this description.

    Where the GraphQL schema is not shown (``FIAPX_INTROSPECTION``), neither is this.
    """
    if not settings_of(request).introspection:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return Response(description(), media_type="application/json")


ROUTES: Final = (
    Route("/auth/register", accounts.register, methods=["POST"]),
    Route("/auth/login", accounts.login, methods=["POST"]),
    Route("/auth/refresh", accounts.refresh, methods=["POST"]),
    Route("/auth/logout", accounts.logout, methods=["POST"]),
    Route("/videos", videos.list_videos, methods=["GET"]),
    Route("/videos/upload", videos.upload, methods=["POST"]),
    Route("/videos/{id}", videos.show_video, methods=["GET"]),
    Route("/videos/{id}/download", videos.download, methods=["GET"]),
    Route("/videos/{id}/frames", frames.list_frames, methods=["GET"]),
    Route("/videos/{id}/frames/{n}", frames.frame, methods=["GET"]),
    Route("/videos/{id}/storyboard.vtt", storyboards.track, methods=["GET"]),
    Route("/videos/{id}/storyboard-{n}.jpg", storyboards.sheet, methods=["GET"]),
    Route("/videos/{id}/frames.zip", ways_out.frames_zip, methods=["GET"]),
    Route("/videos/{id}/frames.csv", ways_out.frames_csv, methods=["GET"]),
    Route("/videos/{id}/frames.coco.json", ways_out.frames_coco, methods=["GET"]),
    Route("/batches/{id}/download", batches.download_batch, methods=["GET"]),
    Route("/files/{ticket}", files.by_ticket, methods=["GET"]),
    Route("/frames/{ticket}", frames.frame_by_ticket, methods=["GET"]),
    Route("/storyboards/{ticket}/storyboard.vtt", storyboards.track_by_ticket, methods=["GET"]),
    Route("/storyboards/{ticket}/storyboard-{n}.jpg", storyboards.sheet_by_ticket, methods=["GET"]),
    Route("/livez", health.livez, methods=["GET"]),
    Route("/readyz", health.readyz, methods=["GET"]),
    Route("/openapi.json", openapi, methods=["GET"]),
)


@cache
def description() -> str:
    """Return the OpenAPI document of all of them."""
    return json.dumps(document(ROUTES), indent=2, ensure_ascii=False) + "\n"
