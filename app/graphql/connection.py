"""A page of processings (the Relay cursor connection, by keyset)."""

from collections.abc import Collection

import strawberry

from app.domain import video
from app.domain.batch import BatchId
from app.domain.session import Scope
from app.domain.video import ProcessingStatus
from app.graphql.context import Info
from app.graphql.page_info import PageInfo
from app.graphql.videos import VideoProcessing
from app.usecases.paging import Page, cursor_of


@strawberry.type(description="A processing in its place in the list.")
class VideoProcessingEdge:
    """One line of a page."""

    node: VideoProcessing = strawberry.field(description="The processing.")
    cursor: str = strawberry.field(description="Its place: what to send as after to go on from here.")


@strawberry.type(description="A page of the viewer's processings, newest first.")
class VideoProcessingConnection:
    """One page."""

    statuses: strawberry.Private[Collection[ProcessingStatus]]
    batch: strawberry.Private[BatchId | None]
    edges: list[VideoProcessingEdge] = strawberry.field(description="The processings of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page lies.")

    @strawberry.field(description="How many there are in all pages; counted only where it is asked for.")
    async def total_count(self, info: Info) -> int:
        viewer = info.context.allowed(Scope.READ)
        return await info.context.do.list_user_videos.count(viewer, self.statuses, self.batch)

    @classmethod
    def of(
        cls,
        page: Page[video.VideoProcessing],
        statuses: Collection[ProcessingStatus],
        batch: BatchId | None = None,
        *,
        follows: bool,
    ) -> "VideoProcessingConnection":
        edges = [VideoProcessingEdge(node=VideoProcessing.of(one), cursor=cursor_of(one)) for one in page.entries]
        return cls(statuses=statuses, batch=batch, edges=edges, page_info=PageInfo.of(page, follows=follows))
