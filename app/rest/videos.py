"""The brief's ``/videos``."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from app.domain import errors
from app.domain.batch import BatchId, parsed_batch_id
from app.domain.retention import Retention
from app.domain.session import Scope
from app.domain.times import iso8601
from app.domain.video import ProcessingStatus, VideoProcessing, parsed_video_id
from app.rest.objects import OBJECT_PARAMETERS, Representation, object_answers, send_object
from app.server.contract import Answer, Instant, Parameter, Uuid, described, promises
from app.server.multipart import Multipart, Part, declared_bytes
from app.server.problem_types import OUTSIDE_THE_FILE
from app.server.services import services_of, viewer_of
from app.server.uploads import uploads_of
from app.usecases.download_processed_zip import archive_file_name
from app.usecases.paging import MAX_PAGE, PAGE, Wanted, cursor_of, wrong_size
from app.usecases.ports.storage import ObjectMissing
from app.usecases.upload_video import IncomingVideo


@described
class Accepted(TypedDict):
    """A processing as it begins."""

    id: Uuid
    status: ProcessingStatus


@described
class Video(TypedDict):
    """A processing."""

    id: Uuid
    userId: Uuid
    originalFileName: str
    status: ProcessingStatus
    s3InputPath: str
    """The key of the file in the storage."""
    s3OutputPath: str | None
    """The key of the ZIP, once there is one."""
    failureReason: str | None
    """Why there will be none, for people."""
    createdAt: Instant
    completedAt: Instant | None
    expiresAt: Instant | None
    """Until when its file and its ZIP are kept, or were; null where that is for ever."""


@described
class VideoPage(TypedDict):
    """A part of the list, newest first."""

    items: list[Video]
    next: str | None
    """Send it as ``after`` for the page that follows, if there is one."""


VIDEO_ID: Final = Parameter("path", "id", "The video's.", {"type": "string", "format": "uuid"})
PAGE_PARAMETERS: Final = (
    Parameter(
        "query",
        "first",
        "How many a page has.",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE},
    ),
    Parameter("query", "after", "The ``next`` of the page before."),
)
_BATCH: Final = "batchId"
_FORM: Final = {
    "type": "object",
    "properties": {
        "batchId": {"type": "string", "format": "uuid", "description": "The batch that it joins; before the file."},
        "file": {"contentMediaType": "application/octet-stream"},
    },
    "required": ["file"],
}


@promises(
    "videos",
    Answer(HTTPStatus.ACCEPTED, "The file is stored, and will be processed.", Accepted),
    errors=(
        errors.AccountDisabled,
        errors.BatchNotFound,
        errors.FileTooLarge,
        errors.IdempotencyConflict,
        errors.QuotaExceeded,
        errors.ServiceBusy,
        errors.StorageError,
        errors.StorageFull,
        errors.UnsupportedFileFormat,
        errors.UploadInterrupted,
    ),
    parameters=(Parameter("header", "Idempotency-Key", "A second request with the same key and file makes no other."),),
    body=_FORM,
    media_type="multipart/form-data",
    signed_in=True,
)
async def upload(request: Request) -> Response:
    """Send a video, which is processed with its batch's choices or the usual ones: a JPEG a second.

    The answer comes as soon as the file is stored and its processing recorded. GraphQL's ``uploadVideo`` takes choices.
    """
    services, viewer = services_of(request), await viewer_of(request, Scope.UPLOAD)
    async with uploads_of(request).one_more(viewer.id, declared_bytes(request)) as incoming:
        form = Multipart(request, incoming)
        file, batch = await _file(form)
        content = form.last_file(file, first={_BATCH})
        sent = IncomingVideo(file.file_name or "", form.bytes_at_most(), content, incoming.keeps)
        key = request.headers.get("idempotency-key")
        video = await services.do.upload_video(viewer, sent, None, key, batch)
    return JSONResponse(Accepted(id=video.id, status=video.status), HTTPStatus.ACCEPTED)


@promises(
    "videos",
    Answer(HTTPStatus.OK, "One page of them.", VideoPage),
    errors=(errors.InvalidInput, errors.StorageError),
    parameters=PAGE_PARAMETERS,
    signed_in=True,
)
async def list_videos(request: Request) -> Response:
    """List one's own videos, newest first."""
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    page = await services.do.list_user_videos(viewer, Wanted(page_size(request), request.query_params.get("after")))
    after = cursor_of(page.entries[-1]) if page.has_next else None
    return JSONResponse(VideoPage(items=[_item(video, services.retention) for video in page.entries], next=after))


@promises(
    "videos",
    Answer(HTTPStatus.OK, "How it stands.", Video),
    errors=(errors.StorageError, errors.VideoNotBelongsToUser, errors.VideoNotFound),
    parameters=(VIDEO_ID,),
    signed_in=True,
)
async def show_video(request: Request) -> Response:
    """Look at one of one's own videos.

    Where the service has a page, who asks for ``text/html`` gets the video's page in place of this.
    """
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    video = await services.do.videos.show(viewer, parsed_video_id(request.path_params["id"]))
    return JSONResponse(_item(video, services.retention))


@promises(
    "videos",
    *object_answers("application/zip"),
    Answer(
        HTTPStatus.TEMPORARY_REDIRECT,
        "The ZIP is to be fetched there.",
        headers=("Cache-Control", "Location"),
        to_head=False,
    ),
    errors=(
        errors.ProcessingNotFinished,
        errors.StorageError,
        errors.VideoExpired,
        errors.VideoNotBelongsToUser,
        errors.VideoNotFound,
    ),
    problems=(OUTSIDE_THE_FILE,),
    parameters=(VIDEO_ID, *OBJECT_PARAMETERS),
    signed_in=True,
)
async def download(request: Request) -> Response:
    """Fetch the ZIP of a completed video, or the way to it.

    Where clients reach the storage it is 307 to a link there, for a gateway may carry no more than 10 MB; HEAD tells
    the size in any case.
    """
    services, viewer = services_of(request), await viewer_of(request, Scope.READ)
    video, archive = await services.do.download_processed_zip(viewer, parsed_video_id(request.path_params["id"]))
    if services.tickets is None and request.method == "GET":
        name, kind = archive_file_name(video), "application/zip"
        url, _ = services.links.link(archive.key, file_name=name, content_type=kind, now=services.clock.now())
        headers = {"Location": url, "Cache-Control": "private, no-store"}
        return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers=headers)
    found = Representation(
        archive.key,
        archive.size_bytes,
        archive.sha256,
        "application/zip",
        services.content_disposition(archive_file_name(video)),
    )
    try:
        return await send_object(request, services.storage, found, {})
    except ObjectMissing:
        raise errors.VideoNotFound("The ZIP of this video is no longer stored.") from None


def page_size(request: Request) -> int:
    """Return what ``first`` asks for; raises ``InvalidInput`` where it is no number that a page can have."""
    first = request.query_params.get("first", str(PAGE))
    if not (first.isascii() and first.isdigit() and len(first) <= 3):  # noqa: PLR2004 - no page size is longer
        raise wrong_size()
    return int(first)


async def _file(form: Multipart) -> tuple[Part, BatchId | None]:
    """Return the file and, where a field before it names one, the batch that it is to join."""
    batch = None
    while (part := await form.next_part()) is not None:
        if part.file_name is not None and part.name == "file":
            return part, batch
        if part.file_name is None and part.name == _BATCH:
            batch = parsed_batch_id((await part.read()).decode("utf-8", "replace"))
        if part.file_name is not None:
            raise errors.InvalidInput("Send the video in the field named file.", field=(part.name,))
    raise errors.InvalidInput("Send the video in the field named file.", field=("file",))


def _item(video: VideoProcessing, retention: Retention) -> Video:
    """Return a processing under the brief's names."""
    until = retention.expires_at(video)
    return Video(
        id=video.id,
        userId=video.owner,
        originalFileName=video.original_file_name,
        status=video.status,
        s3InputPath=video.source_key,
        s3OutputPath=video.archive.key if video.archive else None,
        failureReason=video.failure.reason if video.failure else None,
        createdAt=iso8601(video.created_at),
        completedAt=iso8601(video.completed_at) if video.completed_at else None,
        expiresAt=iso8601(until) if until else None,
    )
