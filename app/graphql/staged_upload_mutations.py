"""Uploads in parts: begun, gone on with, and ended."""

from typing import Annotated

import strawberry

from app.domain.batch import parsed_batch_id
from app.domain.session import Scope
from app.domain.staged_upload import parsed_upload_id
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import CreateUploadInput, UploadPartInput
from app.graphql.results import Deleted, DeletedResult, StagedUploadResult, VideoResult
from app.graphql.staged_uploads import StagedUpload
from app.graphql.videos import VideoProcessing
from app.usecases.planned_upload import PlannedUpload
from app.usecases.staged_uploads import URLS_AT_ONCE

_Id = Annotated[strawberry.ID, strawberry.argument(description="The upload's id.")]


@strawberry.type
class StagedUploadMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=True,
        description="Files of any size: ask where to send the parts, send them to the storage, then complete. All that "
        "speaks against the file is said here, before anything large is sent; an unfinished upload of the same "
        "fingerprint is gone on with.",
    )
    async def create_upload(
        self, info: Info, input: Annotated[CreateUploadInput, strawberry.argument(description="The file.")]
    ) -> StagedUploadResult:
        viewer, own = info.context.allowed(Scope.UPLOAD), input.options.to_domain() if input.options else None
        batch = None if input.batch_id is None else parsed_batch_id(input.batch_id)
        file = PlannedUpload(input.file_name, input.size_bytes, input.first_bytes)
        return StagedUpload.of(await info.context.do.staged_uploads.create(viewer, file, own, input.fingerprint, batch))

    @mutation(once=True, description="What came of an upload, and new URLs for what did not.")
    async def refresh_upload(
        self,
        info: Info,
        id: _Id,
        parts: Annotated[
            list[UploadPartInput] | None,
            strawberry.argument(
                description=f"Those that are to have a URL, {URLS_AT_ONCE} at most; the next ones where it is left out."
            ),
        ] = None,
    ) -> StagedUploadResult:
        wanted = [(part.number, part.md5) for part in parts or ()]
        viewer, upload = info.context.allowed(Scope.UPLOAD), parsed_upload_id(id)
        return StagedUpload.of(await info.context.do.staged_uploads.refresh(viewer, upload, wanted))

    @mutation(
        once=True,
        description="Let the parts become the file, and promise to process it. Once more gives the same processing.",
    )
    async def complete_upload(self, info: Info, id: _Id) -> VideoResult:
        viewer, upload = info.context.allowed(Scope.UPLOAD), parsed_upload_id(id)
        return VideoProcessing.of(await info.context.do.staged_uploads.complete(viewer, upload))

    @mutation(once=True, description="Remove an unfinished upload, with what came of it.")
    async def abort_upload(self, info: Info, id: _Id) -> DeletedResult:
        await info.context.do.staged_uploads.abort(info.context.allowed(Scope.UPLOAD), parsed_upload_id(id))
        return Deleted(id=id)
