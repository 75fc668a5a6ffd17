"""What can be watched."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated

import strawberry

from app.domain import video
from app.domain.errors import DomainError
from app.domain.session import Scope
from app.domain.staged_upload import parsed_upload_id
from app.graphql.chosen import selects
from app.graphql.context import Info
from app.graphql.imports import VideoImport
from app.graphql.problems import problem_of
from app.graphql.results import Deleted, ImportStatusEvent, VideoStatusEvent
from app.graphql.videos import VideoProcessing
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveTiles, VideoGone


@strawberry.type(description="What can be watched, over graphql-transport-ws.")
class Subscription:
    """The subscriptions."""

    @strawberry.subscription(
        description="One processing, or all of the viewer's where id is left out. With id: the present state, every "
        "change, and an end after the final state. Without: first all that have not ended and what ended within the "
        "last hour (at most 100), then every change, of new ones too. Progress comes at most four times a second. "
        "Whoever connects again gets the present state first; after a longer absence read videos again as well. "
        "Another's, an unknown or a malformed id is one Problem and the end."
    )
    async def video_status(
        self,
        info: Info,
        id: Annotated[
            strawberry.ID | None, strawberry.argument(description="The processing's id; all where it is left out.")
        ] = None,
    ) -> AsyncGenerator[VideoStatusEvent, None]:
        """Watch; an expected error is the last event, since Strawberry's handlers do not reach subscriptions."""
        try:
            viewer = info.context.allowed(Scope.READ)
            watched = None if id is None else video.parsed_video_id(id)
            watch = info.context.do.watch_video_status
            async with AsyncExitStack() as left:
                wanted = selects(info.selected_fields, "latestTile")
                tiles = await left.enter_async_context(watch.tiles(viewer)) if wanted else None
                events = await left.enter_async_context(aclosing(watch(viewer, watched)))
                async for event in events:
                    yield _shown(event, tiles)
        except (DomainError, DatabaseUnavailable) as error:
            problem = problem_of(error)
            if problem is None:
                raise
            yield problem

    @strawberry.subscription(
        description="One import: its present state, every change, and an end after the final state; from then on "
        "videoStatus tells of the processing, whose id is the same. Another's, an unknown or a malformed id is one "
        "Problem and the end."
    )
    async def import_status(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The import's id.")]
    ) -> AsyncGenerator[ImportStatusEvent, None]:
        """Watch, as ``video_status`` does."""
        try:
            viewer, watched = info.context.allowed(Scope.UPLOAD), parsed_upload_id(id)
            async with aclosing(info.context.do.imports.watch(viewer, watched)) as events:
                async for event in events:
                    yield VideoImport.of(event)
        except (DomainError, DatabaseUnavailable) as error:
            problem = problem_of(error)
            if problem is None:
                raise
            yield problem


def _shown(event: video.VideoProcessing | VideoGone, tiles: LiveTiles | None) -> VideoProcessing | Deleted:
    if isinstance(event, VideoGone):
        return Deleted(id=strawberry.ID(event.id))
    return VideoProcessing.of(event, None if tiles is None else tiles.newest(event))
