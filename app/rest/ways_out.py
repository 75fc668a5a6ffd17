"""Other ways out of a ZIP, made while they are read: some of its pictures, and what is known of all of them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain import errors
from app.domain.frame_tables import FrameTable
from app.domain.places import MOST_RUNS, Places
from app.domain.session import Scope
from app.domain.video import parsed_video_id
from app.rest.objects import OBJECT_PARAMETERS, Representation, object_answers, send_bytes, send_stream
from app.rest.videos import VIDEO_ID
from app.server.contract import Answer, Parameter, promises
from app.server.problem_types import OUTSIDE_THE_FILE
from app.server.services import services_of, viewer_of
from app.usecases.chosen_frames import ChosenFrames
from app.usecases.frame_tables import TableOfFrames
from app.usecases.frames import GONE
from app.usecases.ports.storage import ObjectMissing
from app.usecases.select_frames import selection_file_name

_OF_ITS_VIDEO: Final = (
    errors.FramesUnreadable,
    errors.ProcessingNotFinished,
    errors.StorageError,
    errors.VideoExpired,
    errors.VideoNotBelongsToUser,
    errors.VideoNotFound,
)
WAYS_OUT_ERRORS: Final = (errors.FramesUnreadable, errors.VideoExpired, errors.VideoNotFound)
"""What may keep such a file from whoever asks for it by a link."""
_CONDITION: Final = Parameter("header", "If-None-Match", "An ETag: the same content is not sent again.")
_HEADERS: Final = ("Cache-Control", "Content-Disposition", "ETag")


def _table_answers(kind: FrameTable) -> tuple[Answer, ...]:
    return (
        Answer(HTTPStatus.OK, "The whole of it.", {}, kind.media_type.partition(";")[0], _HEADERS),
        Answer(HTTPStatus.NOT_MODIFIED, "It is the one that If-None-Match names.", headers=_HEADERS),
    )


@promises(
    "videos",
    *object_answers("application/zip"),
    errors=(errors.FrameNotFound, errors.InvalidInput, *_OF_ITS_VIDEO),
    problems=(OUTSIDE_THE_FILE,),
    parameters=(
        VIDEO_ID,
        Parameter(
            "query",
            "frames",
            f"Which pictures, by their places in the ZIP from 1: up to {MOST_RUNS} of them or of their ranges, such as "
            "``3,7-9``; each once.",
        ),
        *OBJECT_PARAMETERS,
    ),
    signed_in=True,
)
async def frames_zip(request: Request) -> Response:
    """Fetch chosen pictures of a completed video as a ZIP, with a manifest of them.

    It is stored nowhere and made while it is read, so it always comes from here.
    """
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    video = parsed_video_id(request.path_params["id"])
    places = Places.parsed(request.query_params.get("frames", ""))
    return await send_selection(request, await services.do.select_frames(viewer, video, places), {})


@promises(
    "videos",
    *_table_answers(FrameTable.CSV),
    errors=_OF_ITS_VIDEO,
    parameters=(VIDEO_ID, _CONDITION),
    signed_in=True,
)
async def frames_csv(request: Request) -> Response:
    """Fetch what is known of the pictures of a completed video as CSV: a line each, with the manifest's names."""
    return await _own_table(request, FrameTable.CSV)


@promises(
    "videos",
    *_table_answers(FrameTable.COCO),
    errors=_OF_ITS_VIDEO,
    parameters=(VIDEO_ID, _CONDITION),
    signed_in=True,
)
async def frames_coco(request: Request) -> Response:
    """Fetch the pictures of a completed video as the images of a COCO data set, without annotations."""
    return await _own_table(request, FrameTable.COCO)


async def _own_table(request: Request, kind: FrameTable) -> Response:
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    table = await services.do.frame_tables(viewer, parsed_video_id(request.path_params["id"]), kind)
    return await send_table(request, table, {})


async def send_selection(request: Request, chosen: ChosenFrames, headers: Mapping[str, str]) -> Response:
    """Stream a ZIP of chosen pictures to whoever may have it."""
    services = services_of(request)
    try:
        made = await services.selections.selected(chosen)
        found = Representation(
            chosen.archive.key,
            made.size_bytes,
            f"frames-{chosen.digest}",  # Of the ZIP of a video it is the checksum, which nobody knows of this one.
            "application/zip",
            services.content_disposition(selection_file_name(chosen)),
        )
        return await send_bytes(request, made.read, found, headers)
    except ObjectMissing:
        raise errors.VideoNotFound(GONE) from None


async def send_table(request: Request, table: TableOfFrames, headers: Mapping[str, str]) -> Response:
    """Stream a table to whoever may have it; how long it is nobody knows before it ends."""
    services = services_of(request)
    disposition = services.content_disposition(table.file_name)
    etag = f"frames-{table.digest}"
    found = Representation(table.archive.key, 0, etag, table.kind.media_type, disposition)
    try:
        return await send_stream(request, services.do.frame_tables.written(table), found, headers)
    except ObjectMissing:
        raise errors.VideoNotFound(GONE) from None
