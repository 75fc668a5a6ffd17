"""An upload in parts as its owner sees it."""

from datetime import datetime

import strawberry

from app.graphql.scalars import BigInt
from app.graphql.shown import shown
from app.usecases import staged_uploads
from app.usecases.staged_uploads import URLS_AT_ONCE


@strawberry.type(description="A part of an upload.")
class UploadPart:
    """As ``app.usecases.staged_uploads.UploadPart``."""

    number: int = strawberry.field(description="From 1.")
    done: bool = strawberry.field(description="Whether the storage has it, whole; it need not be sent again.")
    md5: str | None = strawberry.field(
        description="Of a part that is done: the MD5 of its content in base64, where the storage tells it."
    )
    url: str | None = strawberry.field(
        description="Where to PUT it, of exactly its size, without Authorization; null once it is done, and while its "
        "turn is later."
    )


@strawberry.type(
    description="An unfinished upload that its owner sends part by part to the storage; it can be gone on with, from "
    "anywhere, for as long as it lives. Its id becomes the processing's."
)
class StagedUpload:
    """As ``app.usecases.staged_uploads.UploadInParts``."""

    id: strawberry.ID = strawberry.field(description="What refreshUpload, completeUpload and abortUpload take.")
    file_name: str = strawberry.field(description="The name under which it is sent.")
    size_bytes: BigInt = strawberry.field(description="The size of the whole file.")
    part_size_bytes: BigInt = strawberry.field(
        description="How many bytes each part has, but for the last, which has the rest."
    )
    parts: list[UploadPart] = strawberry.field(
        description=f"All of them, by their numbers; the next {URLS_AT_ONCE} that are not done have a URL."
    )
    urls_expire_at: datetime = strawberry.field(
        description="When the URLs stop taking what begins to be sent then; refreshUpload gives new ones."
    )
    expires_at: datetime = strawberry.field(description="When the upload ends by itself, and what came of it goes.")

    @classmethod
    def of(cls, found: staged_uploads.UploadInParts) -> "StagedUpload":
        # What is within stays as it is, see ``shown``.
        return shown(cls, found.upload, parts=found.parts, urls_expire_at=found.urls_expire_at)
