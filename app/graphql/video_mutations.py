"""What can be done with videos."""

from typing import Annotated

import strawberry

from app.domain.batch import parsed_batch_id
from app.domain.session import Scope
from app.domain.video import parsed_video_id
from app.graphql.context import Info
from app.graphql.declared import mutation
from app.graphql.inputs import ExtractionOptionsInput, VideosInput
from app.graphql.results import Deleted, DeletedResult, VideoOutcome, VideoResult
from app.graphql.videos import VideoProcessing
from app.usecases.several_videos import MOST_AT_ONCE
from app.usecases.upload_video import IncomingVideo

_Id = Annotated[strawberry.ID, strawberry.argument(description="The processing's id.")]
_Several = Annotated[VideosInput, strawberry.argument(description="Which ones.")]


@strawberry.type
class VideoMutations:
    """A part of ``Mutation``."""

    @mutation(
        once=True,
        description="Small and middle-sized files in one request. Answers as soon as the file is stored and the "
        "processing is recorded.",
    )
    async def upload_video(
        self,
        info: Info,
        file: Annotated[IncomingVideo, strawberry.argument(description="The video.")],
        options: Annotated[
            ExtractionOptionsInput | None,
            strawberry.argument(
                description="How its frames are taken; by default as its batch says, where that has options."
            ),
        ] = None,
        idempotency_key: Annotated[
            str | None,
            strawberry.argument(
                description="The same key with the same request gets the same answer, 1 to 255 characters."
            ),
        ] = None,
        batch_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The batch that its processing joins.")
        ] = None,
    ) -> VideoResult:
        """Pull the file from the network into the storage; nothing of it has been read when this begins."""
        viewer, own = info.context.allowed(Scope.UPLOAD), options.to_domain() if options else None
        batch = None if batch_id is None else parsed_batch_id(batch_id)
        return VideoProcessing.of(await info.context.do.upload_video(viewer, file, own, idempotency_key, batch))

    @mutation(once=False, description="Stop a processing that has not ended; it becomes FAILED with the code CANCELED.")
    async def cancel_video(self, info: Info, id: _Id) -> VideoResult:
        return VideoProcessing.of(
            await info.context.do.videos.cancel(info.context.allowed(Scope.DELETE), parsed_video_id(id))
        )

    @mutation(
        once=False,
        description="Process the same file again, as a new processing, in the same batch; options default to "
        "those of the first.",
    )
    async def reprocess_video(
        self,
        info: Info,
        id: _Id,
        options: Annotated[
            ExtractionOptionsInput | None, strawberry.argument(description="How the frames are taken this time.")
        ] = None,
    ) -> VideoResult:
        viewer, applied = info.context.allowed(Scope.UPLOAD), options.to_domain() if options else None
        return VideoProcessing.of(await info.context.do.videos.reprocess(viewer, parsed_video_id(id), applied))

    @mutation(once=False, description="Remove a processing and its stored files; one that runs is stopped.")
    async def delete_video(self, info: Info, id: _Id) -> DeletedResult:
        await info.context.do.videos.delete(info.context.allowed(Scope.DELETE), parsed_video_id(id))
        return Deleted(id=id)

    @mutation(
        once=True,
        many=MOST_AT_ONCE,
        description="Stop several processings that have not ended, each as cancelVideo does; what cannot be stopped "
        "says why, and keeps nothing from the others.",
    )
    async def cancel_videos(self, info: Info, input: _Several) -> list[VideoOutcome]:
        viewer = info.context.allowed(Scope.DELETE)
        return [VideoOutcome.of(one) for one in await info.context.do.several_videos.cancel(viewer, input.ids)]

    @mutation(
        once=True,
        many=MOST_AT_ONCE,
        description="Remove several processings and their stored files, each as deleteVideo does; what cannot be "
        "removed says why, and keeps nothing from the others.",
    )
    async def delete_videos(self, info: Info, input: _Several) -> list[VideoOutcome]:
        viewer = info.context.allowed(Scope.DELETE)
        return [VideoOutcome.of(one) for one in await info.context.do.several_videos.delete(viewer, input.ids)]
