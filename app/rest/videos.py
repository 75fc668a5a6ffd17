"""The brief's ``/videos``."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.domain.errors import InvalidInput, VideoNotFound
from app.domain.options import ExtractionOptions
from app.domain.retention import Retention
from app.domain.times import iso8601
from app.domain.video import VideoProcessing, parsed_video_id
from app.rest.objects import Representation, send_object
from app.server.edge import edge_of, viewer_of
from app.server.multipart import Multipart, Part, declared_bytes
from app.server.uploads import uploads_of
from app.usecases.download_processed_zip import archive_file_name
from app.usecases.list_user_videos import cursor
from app.usecases.ports.storage import ObjectMissing
from app.usecases.upload_video import IncomingVideo


async def upload(request: Request) -> Response:
    """POST /videos/upload: 202 as soon as the file is stored and its processing recorded."""
    edge, viewer = edge_of(request), viewer_of(request)
    async with uploads_of(request).one_more(viewer.id, declared_bytes(request)) as incoming:
        form = Multipart(request, incoming)
        file = await _file(form)
        sent = IncomingVideo(file.file_name or "", form.bytes_at_most(), form.last_file(file), incoming.keeps)
        key = request.headers.get("idempotency-key")
        video = await edge.do.upload_video(viewer, sent, ExtractionOptions(), key)
    return JSONResponse({"id": video.id, "status": video.status}, HTTPStatus.ACCEPTED)


async def list_videos(request: Request) -> Response:
    """GET /videos?first=&after=: the viewer's, newest first; ``next`` is the cursor of the page that follows."""
    edge, viewer = edge_of(request), viewer_of(request)
    first = request.query_params.get("first", "20")
    if not (first.isascii() and first.isdigit() and len(first) <= 3):  # noqa: PLR2004 - no page size is longer
        raise InvalidInput("A page has 1 to 100 entries.", field=("first",))
    page = await edge.do.list_user_videos(viewer, int(first), request.query_params.get("after"))
    after = cursor(page.videos[-1]) if page.has_next else None
    return JSONResponse({"items": [_item(video, edge.retention) for video in page.videos], "next": after})


async def download(request: Request) -> Response:
    """GET /videos/{id}/download: the ZIP's bytes, or the way to them; 400 while it is not Completed, 410 once expired.

    Where clients reach the storage it is 307 to a link there, for a gateway may carry no more than 10 MB; HEAD tells
    the size in any case.
    """
    edge, viewer = edge_of(request), viewer_of(request)
    video, archive = await edge.do.download_processed_zip(viewer, parsed_video_id(request.path_params["id"]))
    if edge.tickets is None and request.method == "GET":
        name, kind = archive_file_name(video), "application/zip"
        url, _ = edge.links.link(archive.key, file_name=name, content_type=kind, now=edge.clock.now())
        headers = {"Location": url, "Cache-Control": "private, no-store"}
        return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT, headers=headers)
    found = Representation(
        archive.key,
        archive.size_bytes,
        archive.sha256,
        "application/zip",
        edge.content_disposition(archive_file_name(video)),
    )
    try:
        return await send_object(request, edge.storage, found, {})
    except ObjectMissing:
        raise VideoNotFound("The ZIP of this video is no longer stored.") from None


async def _file(form: Multipart) -> Part:
    while (part := await form.next_part()) is not None:
        if part.file_name is not None and part.name == "file":
            return part
        if part.file_name is not None:
            raise InvalidInput("Send the video in the field named file.", field=(part.name,))
    raise InvalidInput("Send the video in the field named file.", field=("file",))


def _item(video: VideoProcessing, retention: Retention) -> dict[str, Any]:
    """Show a processing under the brief's names."""
    until = retention.expires_at(video)
    return {
        "id": video.id,
        "userId": video.owner,
        "originalFileName": video.original_file_name,
        "status": video.status,
        "s3InputPath": video.source_key,
        "s3OutputPath": video.archive and video.archive.key,
        "failureReason": video.failure and video.failure.reason,
        "createdAt": iso8601(video.created_at),
        "completedAt": video.completed_at and iso8601(video.completed_at),
        "expiresAt": until and iso8601(until),
    }
