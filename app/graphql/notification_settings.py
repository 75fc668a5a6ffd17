"""What users are told of, and where."""

import strawberry


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
