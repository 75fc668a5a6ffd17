"""Other ways out of a ZIP than the whole of it."""

from datetime import datetime
from typing import Self

import strawberry

from app.domain import frames_export, video
from app.domain.frame_tables import FrameTable
from app.graphql.context import Info
from app.graphql.enums import ExportKind, ExportStatus, FailureCode
from app.graphql.scalars import BigInt
from app.graphql.shown import ABSOLUTE, shown
from app.server.services import Services
from app.usecases.chosen_frames import ChosenFrames
from app.usecases.download_processed_zip import named_after
from app.usecases.frame_tables import TableTicket
from app.usecases.frames_exports import export_file_name
from app.usecases.select_frames import SelectionTicket, selection_file_name


@strawberry.type(
    description="What is known of a ZIP's pictures, as files. URLs authorise themselves and are short-lived, as the "
    "archive's are."
)
class FrameTables:
    """Links to each ``FrameTable``."""

    csv_url: str = strawberry.field(description=f"CSV: a line for each picture, with the manifest's names. {ABSOLUTE}")
    coco_url: str = strawberry.field(description=f"JSON: the pictures as the images of a COCO data set. {ABSOLUTE}")

    @classmethod
    def of(cls, found: video.VideoProcessing, services: Services) -> Self:
        def url(kind: FrameTable) -> str:
            ticket, name = TableTicket(found.id, found.attempt, kind), named_after(found, f"frames.{kind}")
            return services.own_links.link(
                str(ticket), file_name=name, content_type=kind.media_type, now=services.clock.now()
            )[0]

        return cls(csv_url=url(FrameTable.CSV), coco_url=url(FrameTable.COCO))


@strawberry.type(description="Why an export could not be made.")
class ExportFailure:
    """As ``app.domain.failure.Failure``."""

    code: FailureCode = strawberry.field(description="For programs.")
    reason: str = strawberry.field(description="A sentence for the user: why it failed.")
    retryable: bool = strawberry.field(description="Whether asking for it again can help.")


@strawberry.type(
    description="A file that is made of a video's pictures by a worker, and kept for a day. It counts in what its "
    "owner stores, and goes with the video."
)
class FramesExport:
    """As ``app.domain.frames_export.FramesExport``."""

    seen: strawberry.Private[tuple[video.VideoProcessing, frames_export.FramesExport]]
    id: strawberry.ID = strawberry.field(description="What framesExport and deleteFramesExport take.")
    kind: ExportKind = strawberry.field(description="What it is.")
    status: ExportStatus = strawberry.field(description="How it stands; ask again every second until it has ended.")
    frame_count: int | None = strawberry.field(
        description="How many pictures are in it, once it is READY; of more than it takes, evenly spread ones."
    )
    size_bytes: BigInt = strawberry.field(description="How large its file is; 0 until it is READY.")
    created_at: datetime = strawberry.field(description="When it was asked for.")
    ended_at: datetime | None = strawberry.field(description="When it was ready, or had failed.")
    expires_at: datetime = strawberry.field(description="Until when it is kept; ask for it anew then.")
    failure: ExportFailure | None = strawberry.field(description="Why it failed, if it did.")

    @strawberry.field(description="What its file is called when it is saved.")
    def file_name(self) -> str:
        found, export = self.seen
        return export_file_name(found, export.kind)

    @strawberry.field(
        description="Where its file is, without Authorization, for a few minutes; read it again then. Null unless "
        f"it is READY. {ABSOLUTE}"
    )
    def url(self, info: Info) -> str | None:
        """Make a link that is good from now on."""
        found, export = self.seen
        services, now = info.context.services, info.context.services.clock.now()
        if export.object_key is None or export.expires_at <= now or services.retention.expired(found, now):
            return None
        name = export_file_name(found, export.kind)
        return services.links.link(export.object_key, file_name=name, content_type=export.kind.media_type, now=now)[0]

    @classmethod
    def of(cls, found: video.VideoProcessing, export: frames_export.FramesExport) -> Self:
        return shown(cls, export, seen=(found, export))


@strawberry.type(
    description="Chosen pictures of a video as a ZIP, with a manifest of them. It is stored nowhere and made while it "
    "is read; a download that breaks off can go on (Range, ETag, If-Range)."
)
class FramesSelection:
    """A link to ``ChosenFrames``."""

    url: str = strawberry.field(
        description="Where the ZIP is, without Authorization, until expiresAt. It leads to these pictures "
        f"and to no others. {ABSOLUTE}"
    )
    file_name: str = strawberry.field(description="What it is called when it is saved.")
    size_bytes: BigInt = strawberry.field(description="How large the ZIP is.")
    frames: int = strawberry.field(description="How many pictures are in it.")
    expires_at: datetime = strawberry.field(
        description="When the URL stops working; ask for the same pictures again then, and go on with what you have."
    )

    @classmethod
    def of(cls, chosen: ChosenFrames, ticket: SelectionTicket, size_bytes: int, services: Services) -> Self:
        name = selection_file_name(chosen)
        url, expires_at = services.own_links.link(
            str(ticket), file_name=name, content_type="application/zip", now=services.clock.now()
        )
        return cls(
            url=url, file_name=name, size_bytes=BigInt(size_bytes), frames=chosen.places.count, expires_at=expires_at
        )
