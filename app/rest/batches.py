"""The ZIP of a batch."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain import errors
from app.domain.batch import BatchId, parsed_batch_id
from app.domain.session import Scope
from app.domain.user import UserId
from app.rest.objects import OBJECT_PARAMETERS, Representation, object_answers, send_bytes
from app.server.contract import Parameter, promises
from app.server.problem_types import OUTSIDE_THE_FILE
from app.server.services import services_of, viewer_of
from app.usecases.download_batch import batch_file_name, ticket_of
from app.usecases.ports.storage import ObjectMissing

BATCH_ERRORS: Final = (
    errors.BatchNotFound,
    errors.ProcessingNotFinished,
    errors.StorageError,
    errors.VideoExpired,
    errors.VideoNotFound,
)
"""What may keep a batch from whoever asks for its ZIP."""


@promises(
    "batches",
    *object_answers("application/zip"),
    errors=BATCH_ERRORS,
    problems=(OUTSIDE_THE_FILE,),
    parameters=(Parameter("path", "id", "The batch's.", {"type": "string", "format": "uuid"}), *OBJECT_PARAMETERS),
    signed_in=True,
)
async def download_batch(request: Request) -> Response:
    """Fetch the frames of a batch's completed videos as one ZIP, in which each video has a folder of its own.

    It is stored nowhere and made while it is read, so it always comes from here. The ETag is another once more videos
    are completed: with If-Range a download goes on only where it is still the same.
    """
    viewer = await viewer_of(request, Scope.READ)
    return await send_batch(request, viewer.id, parsed_batch_id(request.path_params["id"]), {})


async def send_batch(request: Request, owner: UserId, batch: BatchId, headers: Mapping[str, str]) -> Response:
    """Stream a batch's ZIP to whoever its owner lets have it.

    :raises VideoNotFound: where a ZIP that is in it has been lost
    """
    services = services_of(request)
    archive = await services.do.download_batch(owner, batch)
    try:
        joined = await services.archives.joined(archive.folders)
        found = Representation(
            ticket_of(owner, batch),
            joined.size_bytes,
            f"batch-{archive.digest}",  # Of the ZIP of a video it is the checksum, which nobody knows of this one.
            "application/zip",
            services.content_disposition(batch_file_name(archive.batch)),
        )
        return await send_bytes(request, joined.read, found, headers)
    except ObjectMissing:
        raise errors.VideoNotFound("The ZIP of a video of this batch is no longer stored.") from None
