"""The pictures of a ZIP, one by one (the Relay cursor connection, by their places)."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.domain import video
from app.domain.frame import ArchivedFrame
from app.domain.manifest import file_name_at
from app.graphql.connection import Connection, PageInfo
from app.graphql.shown import ABSOLUTE
from app.server.services import Services
from app.usecases.frames import FramePage, frame_cursor

FromIndex = Annotated[
    int | None,
    strawberry.argument(description="The index of the first one, in place of after: any place is as near as the next."),
]


@strawberry.type(
    description="A picture of the ZIP, as its manifest tells of it. Times are seconds from the film's start."
)
class Frame:
    """As ``app.domain.frame.ArchivedFrame``, with a link in place of where its bytes are."""

    index: int = strawberry.field(description="Its place in the ZIP, from 1.")
    number: int = strawberry.field(
        description="Of the film's pictures, from 0, in the order in which they are shown; the same number is the same "
        "picture."
    )
    time_seconds: float = strawberry.field(description="When it comes on the screen.")
    until_seconds: float = strawberry.field(description="When the film's next one does.")
    instant_seconds: float = strawberry.field(description="The time that was asked for and that it stands for.")
    file_name: str = strawberry.field(description="Its name in the ZIP.")
    size_bytes: int = strawberry.field(description="How many bytes it has.")
    sha256: str = strawberry.field(description="Of its bytes, in hex; its ETag, too.")
    width: int = strawberry.field(description="Pixels.")
    height: int = strawberry.field(description="Pixels.")
    url: str = strawberry.field(
        description="Where its bytes are, without Authorization, until the connection's expiresAt; browsers may keep "
        f"them for as long. {ABSOLUTE}"
    )

    @classmethod
    def of(cls, found: video.VideoProcessing, frame: ArchivedFrame, url: str) -> "Frame":
        return cls(
            index=frame.index,
            number=frame.number,
            time_seconds=frame.time_seconds,
            until_seconds=frame.until_seconds,
            instant_seconds=frame.instant_seconds,
            file_name=file_name_at(frame.index, frame.name_milliseconds, found.options.format),
            size_bytes=frame.size_bytes,
            sha256=frame.sha256,
            width=frame.width,
            height=frame.height,
            url=url,
        )


@strawberry.type(description="A picture in its place in the ZIP.")
class FrameEdge:
    """One line of a page."""

    node: Frame = strawberry.field(description="The picture.")
    cursor: str = strawberry.field(description="Its place: what to send as after or before to go on from here.")


@strawberry.type(description="A page of a ZIP's pictures, in their order.")
class FrameConnection(Connection[FrameEdge]):
    """One page."""

    edges: list[FrameEdge] = strawberry.field(description="The pictures of this page.")
    total_count: int = strawberry.field(description="How many there are in all pages.")
    expires_at: datetime = strawberry.field(
        description="When the URLs of this page stop working; read them again then."
    )

    @classmethod
    def of(cls, found: video.VideoProcessing, page: FramePage, services: Services) -> "FrameConnection":
        now, edges, expires_at = services.clock.now(), list[FrameEdge](), None
        for frame in page.frames:
            url, expires_at = services.frame_links.link(found, frame, now)
            edges.append(FrameEdge(node=Frame.of(found, frame, url), cursor=frame_cursor(frame.index)))
        cursors = [edge.cursor for edge in edges]
        place = PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
        return cls(edges=edges, page_info=place, total_count=page.count, expires_at=expires_at or now)
