"""The log of what a user was told."""

from datetime import datetime

import strawberry

from app.domain import notification
from app.graphql.enums import DeliveryStatus, NotificationChannel
from app.graphql.page_info import PageInfo
from app.usecases.notification_log import NotificationPage
from app.usecases.paging import cursor_of


@strawberry.type(description="One notification on one channel.")
class NotificationDelivery:
    """As ``app.domain.notification.Notification``."""

    id: strawberry.ID = strawberry.field(
        description="The same in every try: a mail's Message-ID begins with it, and a post's webhook-id is it."
    )
    channel: NotificationChannel = strawberry.field(description="By which way.")
    event: str = strawberry.field(description="What it tells of, such as video.failed.")
    video_id: strawberry.ID | None = strawberry.field(description="Which processing, while that exists.")
    status: DeliveryStatus = strawberry.field(description="How it stands.")
    attempts: int = strawberry.field(description="How often it was tried.")
    last_answer: str | None = strawberry.field(
        description="What the receiver said last: an HTTP status, an SMTP reply, or why it could not be reached."
    )
    created_at: datetime = strawberry.field(description="When it happened.")
    delivered_at: datetime | None = strawberry.field(description="When the receiver took it.")

    @classmethod
    def of(cls, found: notification.Notification) -> "NotificationDelivery":
        return cls(
            id=strawberry.ID(found.id),
            channel=found.channel,
            event=found.event,
            video_id=None if found.video is None else strawberry.ID(found.video),
            status=found.status,
            attempts=found.attempts,
            last_answer=found.answer,
            created_at=found.created_at,
            delivered_at=found.delivered_at,
        )


@strawberry.type(description="A delivery in its place in the log.")
class NotificationDeliveryEdge:
    """One line of a page."""

    node: NotificationDelivery = strawberry.field(description="The delivery.")
    cursor: str = strawberry.field(description="Its place: what to send as after to go on from here.")


@strawberry.type(description="A page of the viewer's deliveries, newest first.")
class NotificationDeliveryConnection:
    """One page."""

    edges: list[NotificationDeliveryEdge] = strawberry.field(description="The deliveries of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page lies.")

    @classmethod
    def of(cls, page: NotificationPage, *, follows: bool) -> "NotificationDeliveryConnection":
        edges = [
            NotificationDeliveryEdge(node=NotificationDelivery.of(one), cursor=cursor_of(one.created_at, one.id))
            for one in page.notifications
        ]
        cursors = [edge.cursor for edge in edges]
        return cls(edges=edges, page_info=PageInfo.of(cursors, has_next=page.has_next, follows=follows))
