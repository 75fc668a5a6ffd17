"""Batches as their owner sees them, and a page of them."""

from datetime import datetime

import strawberry

from app.domain.batch import BatchId
from app.domain.session import Scope
from app.graphql.connection import PAGED, After, Before, Connection, Edge, First, Last, PageInfo
from app.graphql.context import Info
from app.graphql.enums import BatchStatus
from app.graphql.node import Node
from app.graphql.shown import ABSOLUTE, shown
from app.graphql.videos import ExtractionOptions, VideoProcessingConnection, options_shown
from app.usecases.batches import BatchOverview
from app.usecases.download_batch import batch_file_name, ticket_of
from app.usecases.paging import Page, Wanted
from app.usecases.ports.videos import VideoFilter


@strawberry.type(description="How many videos of a batch are in each state.")
class BatchCounts:
    """As ``app.domain.batch.BatchCounts``."""

    pending: int = strawberry.field(description="Wait for a worker.")
    processing: int = strawberry.field(description="A worker holds them.")
    completed: int = strawberry.field(description="Their frames are in the batch's ZIP, for as long as they are kept.")
    failed: int = strawberry.field(description="Could not be processed, or were canceled.")
    total: int = strawberry.field(description="All of them.")


@strawberry.type(
    description="One ZIP of a batch's frames, made while it is read: of each video that is completed when it is asked "
    "for, in a folder of its own. Ranges can be asked for; the ETag is another once more videos are completed."
)
class BatchDownload:
    """A link to it."""

    url: str = strawberry.field(description=f"Where the ZIP is. It authorises itself and is short-lived. {ABSOLUTE}")
    expires_at: datetime = strawberry.field(description="When the URL stops working; read it again then.")


@strawberry.type(description="Several videos under one name.")
class Batch(Node):
    """As ``app.domain.batch.Batch`` with its counts."""

    seen: strawberry.Private[BatchOverview]
    id: strawberry.ID = strawberry.field(description="What an upload names to join it.")
    name: str = strawberry.field(description="What its owner calls it; each name stands once among theirs.")
    options: ExtractionOptions | None = strawberry.field(
        description="How frames are taken of its videos that are sent without options of their own; null for as usual."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    status: BatchStatus = strawberry.field(description="The one state that follows from those of its videos.")
    counts: BatchCounts = strawberry.field(description="How many of them are in each state.")
    percent: float = strawberry.field(
        description="How far all of them are, 0 to 100: what has ended counts whole, however it ended. It falls where "
        "another video joins."
    )

    @strawberry.field(description=f"Its videos, newest first. {PAGED}")
    async def videos(
        self, info: Info, first: First = None, after: After = None, before: Before = None, last: Last = None
    ) -> VideoProcessingConnection:
        viewer, which = info.context.allowed(Scope.READ), VideoFilter(batch=BatchId(self.seen.id))
        page = await info.context.do.list_user_videos(viewer, Wanted(first, after, before, last), which)
        return VideoProcessingConnection.of(page, which)

    @strawberry.field(description="All of its frames in one ZIP; null while no video is completed.")
    def download(self, info: Info) -> BatchDownload | None:
        """Make a link that is good from now on; a key that may only send videos downloads none."""
        if not self.seen.counts.completed:
            return None
        services, viewer = info.context.services, info.context.allowed(Scope.READ)
        url, expires_at = services.own_links.link(
            ticket_of(viewer.id, self.seen.batch.id),
            file_name=batch_file_name(self.seen.batch),
            content_type="application/zip",
            now=services.clock.now(),
        )
        return BatchDownload(url=url, expires_at=expires_at)

    @classmethod
    def of(cls, found: BatchOverview) -> "Batch":
        options, counts = found.batch.options, found.counts
        return shown(
            cls,
            found.batch,
            seen=found,
            options=None if options is None else options_shown(options),
            status=counts.status,
            counts=counts,
            percent=counts.percent,
        )


@strawberry.type(description="A batch in its place in the list.")
class BatchEdge(Edge[Batch]):
    """One line of a page."""

    node: Batch = strawberry.field(description="The batch.")


@strawberry.type(description="A page of the viewer's batches, newest first.")
class BatchConnection(Connection[BatchEdge]):
    """One page."""

    edges: list[BatchEdge] = strawberry.field(description="The batches of this page.")

    @strawberry.field(description="How many there are in all pages; counted only where it is asked for.")
    async def total_count(self, info: Info) -> int:
        return await info.context.do.batches.count(info.context.allowed(Scope.READ))

    @classmethod
    def of(cls, page: Page[BatchOverview]) -> "BatchConnection":
        return cls(edges=BatchEdge.each(page, Batch.of), page_info=PageInfo.of(page))
