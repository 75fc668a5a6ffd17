"""Other ways out of a ZIP, asked for."""

from typing import Annotated

import strawberry

from app.domain.errors import VideoNotFound
from app.domain.session import Scope
from app.domain.video import parsed_video_id
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import CreateFramesExportInput, SelectFramesInput
from app.graphql.results import Deleted, DeletedResult, FramesExportResult, FramesSelectionResult
from app.graphql.ways_out import FramesExport, FramesSelection
from app.usecases.frames import GONE
from app.usecases.frames_exports import parsed_export_id
from app.usecases.ports.storage import ObjectMissing


@strawberry.type
class WaysOutMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=True,
        description="Choose pictures of a completed video: a link to a ZIP of them alone. Nothing is copied, and "
        "choosing the same ones again is the same ZIP.",
    )
    async def select_frames(
        self,
        info: Info,
        input: Annotated[SelectFramesInput, strawberry.argument(description="Which pictures of which video.")],
    ) -> FramesSelectionResult:
        viewer, services = info.context.allowed(Scope.READ), info.context.services
        video, places = parsed_video_id(input.video_id), input.to_domain()
        chosen, ticket = await info.context.do.select_frames.keep(viewer, video, places)
        try:
            made = await services.selections.selected(chosen)
        except ObjectMissing:
            raise VideoNotFound(GONE) from None
        return FramesSelection.of(chosen, ticket, made.size_bytes, services)

    @mutation(
        once=True,
        description="Have an animation or a contact sheet made of a completed video's pictures. The same request gives "
        "the same export while it is kept, and a new one where it failed.",
    )
    async def create_frames_export(
        self,
        info: Info,
        input: Annotated[CreateFramesExportInput, strawberry.argument(description="What of which video.")],
    ) -> FramesExportResult:
        viewer, video = info.context.allowed(Scope.READ), parsed_video_id(input.video_id)
        return FramesExport.of(*await info.context.do.exports.create(viewer, video, input.kind, input.to_domain()))

    @mutation(
        once=True, description="Remove an export with its file before its day is over; one that is made is stopped."
    )
    async def delete_frames_export(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The export's id.")]
    ) -> DeletedResult:
        await info.context.do.exports.delete(info.context.allowed(Scope.DELETE), parsed_export_id(id))
        return Deleted(id=id)
