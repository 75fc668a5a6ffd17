"""Storyboards: sheets of small pictures, and the WebVTT that leads players to them."""

import hashlib
import re
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.domain import errors
from app.domain.session import Scope
from app.domain.storyboard import TRACK, sheet_name
from app.domain.video import parsed_video_id
from app.rest.objects import NOTHING_MAY_RUN, OBJECT_PARAMETERS, Representation, object_answers, send_object
from app.rest.videos import VIDEO_ID
from app.server.contract import Parameter, promises
from app.server.problem_types import OUTSIDE_THE_FILE, UNKNOWN_PATH
from app.server.services import services_of, viewer_of
from app.usecases.frames import GONE
from app.usecases.ports.storage import ObjectMissing
from app.usecases.storyboards import StoryboardFile

_VTT: Final = "text/vtt"
_JPEG: Final = "image/jpeg"
_SHEET: Final = re.compile(r"[1-9]\d{0,3}", re.ASCII)
_OF_ITS_VIDEO: Final = (
    errors.FrameNotFound,
    errors.ProcessingNotFinished,
    errors.StorageError,
    errors.VideoExpired,
    errors.VideoNotBelongsToUser,
    errors.VideoNotFound,
)
_BY_LINK: Final = (
    errors.FrameNotFound,
    errors.LinkExpired,
    errors.StorageError,
    errors.VideoExpired,
    errors.VideoNotFound,
)
_N: Final = Parameter("path", "n", "The sheet's number, from 1.", {"type": "integer", "minimum": 1})
_TICKET: Final = Parameter("path", "ticket", "What a storyboard's links have there.")


@promises(
    "videos",
    *object_answers(_VTT),
    errors=_OF_ITS_VIDEO,
    problems=(OUTSIDE_THE_FILE,),
    parameters=(VIDEO_ID, *OBJECT_PARAMETERS),
    signed_in=True,
)
async def track(request: Request) -> Response:
    """Fetch the storyboard of a completed video as WebVTT.

    It names its sheets relative to itself. Players cannot sign in: give them the ``vttUrl`` of GraphQL.
    """
    return await _of_video(request, TRACK)


@promises(
    "videos",
    *object_answers(_JPEG),
    errors=_OF_ITS_VIDEO,
    problems=(OUTSIDE_THE_FILE,),
    parameters=(VIDEO_ID, _N, *OBJECT_PARAMETERS),
    signed_in=True,
)
async def sheet(request: Request) -> Response:
    """Fetch a sheet of a video's storyboard, as soon as it is finished."""
    return await _of_video(request, _sheet(request))


@promises(
    "files",
    *object_answers(_VTT),
    errors=_BY_LINK,
    problems=(UNKNOWN_PATH, OUTSIDE_THE_FILE),
    parameters=(_TICKET, *OBJECT_PARAMETERS),
)
async def track_by_ticket(request: Request) -> Response:
    """Fetch the WebVTT that a storyboard's ``vttUrl`` leads to.

    The link authorises itself for a few minutes, and so do those of the sheets that are named there.
    """
    return await _by_ticket(request, TRACK)


@promises(
    "files",
    *object_answers(_JPEG),
    errors=_BY_LINK,
    problems=(UNKNOWN_PATH, OUTSIDE_THE_FILE),
    parameters=(_TICKET, _N, *OBJECT_PARAMETERS),
)
async def sheet_by_ticket(request: Request) -> Response:
    """Fetch the sheet that a link names, without signing in. Browsers may keep it until the link ends."""
    return await _by_ticket(request, _sheet(request))


def _sheet(request: Request) -> str:
    number = request.path_params["n"]
    if not _SHEET.fullmatch(number):
        raise errors.FrameNotFound
    return sheet_name(int(number) - 1)


async def _of_video(request: Request, name: str) -> Response:
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    found = await services.do.storyboards.file(viewer, parsed_video_id(request.path_params["id"]), name)
    return await _sent(request, found, "private, no-cache")


async def _by_ticket(request: Request, name: str) -> Response:
    services = services_of(request)
    now = services.clock.now()
    ticket = services.storyboard_links.open(request.path_params["ticket"], now)
    if ticket is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This is no link of ours, or only a part of one.")
    found = await services.do.storyboards.by_ticket(ticket, name)
    kept = f"private, max-age={int((ticket.expires_at - now).total_seconds())}, immutable"
    return await _sent(request, found, kept)


async def _sent(request: Request, found: StoryboardFile, cache_control: str) -> Response:
    """Send what an attempt wrote once: so its key stands for its content."""
    picture = Representation(
        found.key,
        found.size_bytes,
        hashlib.sha256(found.key.encode()).hexdigest(),
        _VTT if found.name == TRACK else _JPEG,
        f'inline; filename="{found.name}"',
        cache_control=cache_control,
    )
    try:
        return await send_object(request, services_of(request).storage, picture, NOTHING_MAY_RUN)
    except ObjectMissing:
        raise errors.VideoNotFound(GONE) from None
