"""The pictures of a video, one by one: what is known of them, and their bytes out of the ZIP."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from app.domain import errors
from app.domain.frame import ArchivedFrame
from app.domain.manifest import file_name_at
from app.domain.options import ImageFormat
from app.domain.session import Scope
from app.domain.times import iso8601
from app.domain.video import FramesArchive, VideoProcessing, parsed_video_id
from app.rest.objects import NOTHING_MAY_RUN, OBJECT_PARAMETERS, Representation, object_answers, send_object
from app.rest.videos import PAGE_PARAMETERS, VIDEO_ID, page_size
from app.server.contract import Answer, Instant, Parameter, described, promises
from app.server.problem_types import OUTSIDE_THE_FILE, UNKNOWN_PATH
from app.server.services import Services, services_of, viewer_of
from app.usecases.frames import GONE, frame_cursor
from app.usecases.paging import Wanted
from app.usecases.ports.frame_links import FrameTicket
from app.usecases.ports.storage import ObjectMissing

_OF_ITS_VIDEO: Final = (
    errors.ProcessingNotFinished,
    errors.StorageError,
    errors.VideoExpired,
    errors.VideoNotBelongsToUser,
    errors.VideoNotFound,
)
_PICTURE: Final = object_answers("image/*")
_SECONDS: Final = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_PLACE: Final = re.compile(r"\d{1,9}", re.ASCII)


@described
class Frame(TypedDict):
    """A picture of the ZIP, as its manifest tells of it. Times are seconds from the start of the film."""

    index: int
    """Its place in the ZIP, from 1."""
    number: int
    """Of the film's pictures, from 0; the same number is the same picture."""
    timeSeconds: float
    """When it comes on the screen."""
    untilSeconds: float
    """When the next one of the film does."""
    instantSeconds: float
    """The time that was asked for and that it stands for."""
    fileName: str
    """Its name in the ZIP."""
    sizeBytes: int
    sha256: str
    """Of its bytes, in hex."""
    width: int
    height: int
    url: str
    """Where its bytes are, without ``Authorization``, until ``expiresAt``."""


@described
class FramePage(TypedDict):
    """A part of a video's pictures, in the order of the ZIP."""

    items: list[Frame]
    next: str | None
    """Send it as ``after`` for the page that follows, if there is one."""
    frameCount: int
    """How many there are in all."""
    expiresAt: Instant
    """When the links of this page stop working; ask anew then."""


@promises(
    "videos",
    Answer(HTTPStatus.OK, "One page of them.", FramePage),
    errors=(errors.FrameNotFound, errors.FramesUnreadable, errors.InvalidInput, *_OF_ITS_VIDEO),
    parameters=(
        VIDEO_ID,
        *PAGE_PARAMETERS,
        Parameter(
            "query",
            "at",
            "A time of the film, in seconds: the page has the one picture that had come last by then. It is on the "
            "screen at that time if ``untilSeconds`` is later.",
            {"type": "number", "minimum": 0},
        ),
    ),
    signed_in=True,
)
async def list_frames(request: Request) -> Response:
    """List the pictures of a completed video, each with a link to its bytes.

    Nothing is unpacked: a link leads to the bytes of the ZIP that are the picture.
    """
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    video, query = parsed_video_id(request.path_params["id"]), request.query_params
    if (at := query.get("at")) is not None:
        if not _SECONDS.fullmatch(at):
            raise errors.InvalidInput("A time is in seconds from the start of the film, 0 or more.", field=("at",))
        found, frame = await services.do.frames.at(viewer, video, float(at))
        return _page(services, found, [frame], None)
    found, page = await services.do.frames.page(viewer, video, Wanted(page_size(request), query.get("after")))
    return _page(services, found, page.frames, frame_cursor(page.places[1]) if page.has_next else None)


@promises(
    "videos",
    *_PICTURE,
    errors=(errors.FrameNotFound, errors.FramesUnreadable, *_OF_ITS_VIDEO),
    problems=(OUTSIDE_THE_FILE,),
    parameters=(
        VIDEO_ID,
        Parameter("path", "n", "The picture's place in the ZIP, from 1.", {"type": "integer", "minimum": 1}),
        *OBJECT_PARAMETERS,
    ),
    signed_in=True,
)
async def frame(request: Request) -> Response:
    """Fetch one picture of a completed video."""
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    video, place = parsed_video_id(request.path_params["id"]), request.path_params["n"]
    if not _PLACE.fullmatch(place):
        raise errors.FrameNotFound
    found, archive, one = await services.do.frames.one(viewer, video, int(place))
    return await _sent(request, services, _picture(archive, one, found.options.format, "private, no-cache"))


@promises(
    "files",
    *_PICTURE,
    errors=(
        errors.FrameNotFound,
        errors.LinkExpired,
        errors.StorageError,
        errors.VideoExpired,
        errors.VideoNotFound,
    ),
    problems=(UNKNOWN_PATH, OUTSIDE_THE_FILE),
    parameters=(Parameter("path", "ticket", "What a picture's ``url`` has there."), *OBJECT_PARAMETERS),
)
async def frame_by_ticket(request: Request) -> Response:
    """Fetch the picture that a link of the API names.

    A link authorises itself for a few minutes, for these bytes of this ZIP and no others. Browsers may keep the picture
    for as long.
    """
    services = services_of(request)
    now = services.clock.now()
    ticket = services.frame_links.open(request.path_params["ticket"], now)
    if ticket is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "This is no link of ours, or only a part of one.")
    found, archive = await services.do.frames.by_ticket(ticket)
    kept = f"private, max-age={int((ticket.expires_at - now).total_seconds())}, immutable"
    return await _sent(request, services, _picture(archive, ticket, found.options.format, kept))


async def _sent(request: Request, services: Services, picture: Representation) -> Response:
    try:
        return await send_object(request, services.storage, picture, NOTHING_MAY_RUN)
    except ObjectMissing:
        raise errors.VideoNotFound(GONE) from None


def _picture(
    archive: FramesArchive, frame: ArchivedFrame | FrameTicket, kind: ImageFormat, cache_control: str
) -> Representation:
    """Describe a range of the ZIP by what it was made as, whatever its bytes may look like to a browser."""
    name = file_name_at(frame.index, frame.name_milliseconds, kind)  # Digits alone: it can break out of no header.
    return Representation(
        archive.key,
        frame.size_bytes,
        frame.sha256,
        kind.media_type,
        f'inline; filename="{name}"',
        frame.offset,
        cache_control,
    )


def _page(services: Services, video: VideoProcessing, frames: Sequence[ArchivedFrame], after: str | None) -> Response:
    now = services.clock.now()
    links = [services.frame_links.link(video, frame, now) for frame in frames]
    items = [_item(frame, video.options.format, url) for frame, (url, _) in zip(frames, links, strict=True)]
    count = video.archive.frame_count if video.archive else 0
    expires_at = iso8601(min((until for _, until in links), default=now))
    return JSONResponse(FramePage(items=items, next=after, frameCount=count, expiresAt=expires_at))


def _item(frame: ArchivedFrame, kind: ImageFormat, url: str) -> Frame:
    return Frame(
        index=frame.index,
        number=frame.number,
        timeSeconds=frame.time_seconds,
        untilSeconds=frame.until_seconds,
        instantSeconds=frame.instant_seconds,
        fileName=file_name_at(frame.index, frame.name_milliseconds, kind),
        sizeBytes=frame.size_bytes,
        sha256=frame.sha256,
        width=frame.width,
        height=frame.height,
        url=url,
    )
