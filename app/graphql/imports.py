"""An import as its owner sees it."""

from datetime import datetime

import strawberry

from app.domain import video_import
from app.domain.video_import import ImportStatus
from app.graphql.enums import ImportFailureCode
from app.graphql.scalars import BigInt
from app.graphql.shown import shown


@strawberry.type(description="Why a file could not be fetched.")
class ImportFailure:
    """As ``app.domain.failure.ImportFailure``."""

    code: ImportFailureCode = strawberry.field(description="For programs.")
    reason: str = strawberry.field(description="A sentence for the user: why it failed.")
    retryable: bool = strawberry.field(description="Whether importing the same link again can help.")


@strawberry.type(
    description="A film that the service fetches itself, from a link. Its id becomes the processing's, once the file "
    "is here."
)
class VideoImport:
    """As ``app.domain.video_import.VideoImport``."""

    id: strawberry.ID = strawberry.field(description="What videoImport and cancelImport take; later the processing's.")
    url: str = strawberry.field(description="The link, without its query, in which keys to a file may be.")
    file_name: str | None = strawberry.field(
        description="What the film is called; null until its server said so, where it was not asked for by a name."
    )
    status: ImportStatus = strawberry.field(description="How it stands.")
    version: BigInt = strawberry.field(description="Rises with every change; of two answers the higher is the newer.")
    fetched_bytes: BigInt = strawberry.field(description="How much of it came.")
    total_bytes: BigInt | None = strawberry.field(
        description="How large it is; null until that is known, and while its server does not say so."
    )
    created_at: datetime = strawberry.field(description="When it was asked for.")
    next_try_at: datetime | None = strawberry.field(description="Of a waiting one: when it is tried, or tried again.")
    ends_at: datetime = strawberry.field(description="When it is given up, if it has not ended by then.")
    ended_at: datetime | None = strawberry.field(description="When it ended.")
    failure: ImportFailure | None = strawberry.field(description="Why it failed, if it did.")

    @classmethod
    def of(cls, found: video_import.VideoImport) -> "VideoImport":
        # What is within stays as it is, see ``shown``.
        waits = found.wake_at if found.status is ImportStatus.WAITING else None
        return shown(cls, found, url=found.shown_url, next_try_at=waits)
