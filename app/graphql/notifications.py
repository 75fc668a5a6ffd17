"""What users are told of, and where; the log of what they were told."""

from datetime import datetime

import strawberry

from app.domain import notification
from app.graphql.connection import Connection, Edge, PageInfo
from app.graphql.enums import DeliveryStatus, NotificationChannel
from app.graphql.node import Node
from app.graphql.shown import shown
from app.usecases.paging import Page


@strawberry.type(description="What the user is told of, and where.")
class NotificationSettings:
    """The part of ``app.domain.user.User`` that says so."""

    email_on_failure: bool = strawberry.field(description="A mail when a video fails or a file is refused.")
    email_on_completion: bool = strawberry.field(description="A mail when a ZIP can be downloaded.")
    webhook_url: str | None = strawberry.field(
        description="Where every end of a video is posted, by the Standard Webhooks specification."
    )


@strawberry.type(description="The webhook's signing key (Standard Webhooks), shown this once.")
class WebhookSecret:
    """A key and what it belongs to."""

    secret: str = strawberry.field(description="whsec_ and the key in base64, as the verifying libraries take it.")
    settings: NotificationSettings = strawberry.field(description="The settings as they are now.")


@strawberry.type(description="One notification on one channel.")
class NotificationDelivery(Node):
    """As ``app.domain.notification.Notification``."""

    id: strawberry.ID = strawberry.field(
        description="The same in every try: a mail's Message-ID begins with it, and a post's webhook-id is it."
    )
    channel: NotificationChannel = strawberry.field(description="By which way.")
    event: str = strawberry.field(description="What it tells of, such as video.failed.")
    video_id: strawberry.ID | None = strawberry.field(description="Which processing, while that exists.")
    file_name: str | None = strawberry.field(
        description="The name of the video or the file that it tells of; null where it tells of none."
    )
    status: DeliveryStatus = strawberry.field(description="How it stands.")
    attempts: int = strawberry.field(description="How often it was tried.")
    last_answer: str | None = strawberry.field(
        description="What the receiver said last: an HTTP status, an SMTP reply, or why it could not be reached."
    )
    created_at: datetime = strawberry.field(description="When it happened.")
    delivered_at: datetime | None = strawberry.field(description="When the receiver took it.")

    @classmethod
    def of(cls, found: notification.Notification) -> "NotificationDelivery":
        named = {"video_id": found.video, "file_name": found.file_name or None}
        return shown(cls, found, last_answer=found.answer, **named)


@strawberry.type(description="A delivery in its place in the log.")
class NotificationDeliveryEdge(Edge[NotificationDelivery]):
    """One line of a page."""

    node: NotificationDelivery = strawberry.field(description="The delivery.")


@strawberry.type(description="A page of the viewer's deliveries, newest first.")
class NotificationDeliveryConnection(Connection[NotificationDeliveryEdge]):
    """One page."""

    edges: list[NotificationDeliveryEdge] = strawberry.field(description="The deliveries of this page.")

    @classmethod
    def of(cls, page: Page[notification.Notification]) -> "NotificationDeliveryConnection":
        edges = NotificationDeliveryEdge.each(page, NotificationDelivery.of)
        return cls(edges=edges, page_info=PageInfo.of(page))
