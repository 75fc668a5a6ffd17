"""What can be asked."""

from datetime import datetime
from math import isfinite
from typing import Annotated, Self

import strawberry
from strawberry.scalars import Base64

from app.domain import notification, preset, user, video
from app.domain.batch import MOST_BATCHES, MOST_IN_A_BATCH, parsed_batch_id
from app.domain.container import ACCEPTED_EXTENSIONS
from app.domain.errors import DomainError
from app.domain.options import OPTION_RANGES
from app.domain.preset import MOST_PRESETS
from app.domain.search import MOST_WORDS, searched_words
from app.domain.session import Scope
from app.domain.staged_upload import parsed_upload_id
from app.domain.video import parsed_video_id
from app.graphql.api_keys import ApiKey
from app.graphql.batches import Batch, BatchConnection
from app.graphql.connection import PAGED, After, Before, First, Last
from app.graphql.context import Info
from app.graphql.enums import ProcessingStatus, VideoOrder
from app.graphql.imports import VideoImport
from app.graphql.inputs import ExtractionOptionsInput
from app.graphql.node import Node
from app.graphql.notifications import NotificationDelivery, NotificationDeliveryConnection
from app.graphql.operator_queries import OperatorQueries
from app.graphql.people import ActiveSession, User
from app.graphql.presets import Preset
from app.graphql.problems import Problem, problem_of
from app.graphql.results import BatchResult, FramesExportResult, VideoImportResult, VideoResult
from app.graphql.scalars import BigInt
from app.graphql.shown import shown
from app.graphql.videos import Statuses, VideoProcessing, VideoProcessingConnection
from app.graphql.ways_out import FramesExport
from app.usecases.batches import BatchOverview
from app.usecases.find_node import Found
from app.usecases.frames_exports import parsed_export_id
from app.usecases.imports import LISTED
from app.usecases.paging import Wanted
from app.usecases.planned_upload import PlannedUpload
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.videos import VideoFilter

Search = Annotated[
    str | None,
    strawberry.argument(
        description=f"Only those whose file name holds each of these words, up to {MOST_WORDS}, anywhere, without "
        "regard to case and accents."
    ),
]
CreatedFrom = Annotated[datetime | None, strawberry.argument(description="Only what was received then or later.")]
CreatedTo = Annotated[datetime | None, strawberry.argument(description="Only what was received before.")]
OrderBy = Annotated[VideoOrder, strawberry.argument(description="In which order they come.")]


@strawberry.type(description="What an option of ExtractionOptionsInput or FrameSelectionInput may be.")
class OptionRange:
    """As ``app.domain.options.OptionRange``."""

    option: str = strawberry.field(description="The field's name.")
    minimum: float = strawberry.field(description="The least.")
    maximum: float | None = strawberry.field(description="The most; null where nothing but the video bounds it.")
    whole_number: bool = strawberry.field(description="Whether it has no fraction.")

    @classmethod
    def all(cls) -> list[Self]:
        """Return those of all options that are numbers."""
        return [
            cls(option=name, minimum=one.low, maximum=one.high if isfinite(one.high) else None, whole_number=one.whole)
            for name, one in OPTION_RANGES.items()
        ]


@strawberry.type(description="What the service accepts; worth asking before a large file is sent.")
class ServiceLimits:
    """What of ``app.settings`` clients may know before they try."""

    accepted_extensions: list[str] = strawberry.field(description="Endings of file names, without the dot.")
    max_file_bytes: BigInt = strawberry.field(description="The largest file.")
    max_inline_upload_bytes: BigInt = strawberry.field(description="The largest file for uploadVideo.")
    staged_uploads: bool = strawberry.field(
        description="Whether createUpload takes files, as it does where clients reach the storage."
    )
    max_duration_seconds: int = strawberry.field(description="The longest video.")
    max_frames_per_video: int = strawberry.field(description="The most frames that one processing may give.")
    max_active_videos_per_user: int = strawberry.field(description="The most unfinished processings of one user.")
    max_stored_bytes_per_user: BigInt | None = strawberry.field(
        description="The most that one user's files and ZIPs may take, uploads under way included; null for no limit."
    )
    max_stored_bytes: BigInt | None = strawberry.field(
        description="The most that those of all users may take; null for no limit."
    )
    retention_days: int | None = strawberry.field(
        description="For so many days from its end a processing's file and ZIP are kept; null for ever."
    )
    max_presets_per_user: int = strawberry.field(description="The most presets of one user.")
    max_batches_per_user: int = strawberry.field(description="The most batches of one user.")
    max_videos_per_batch: int = strawberry.field(description="The most videos in one batch.")
    option_ranges: list[OptionRange] = strawberry.field(description="What the options that are numbers may be.")


def _shown(found: Found | None) -> Node | None:
    match found:
        case user.User():
            return User.of(found)
        case video.VideoProcessing():
            return VideoProcessing.of(found)
        case BatchOverview():
            return Batch.of(found)
        case preset.Preset():
            return Preset.of(found)
        case notification.Notification():
            return NotificationDelivery.of(found)
        case None:
            return None


@strawberry.type(description="What can be asked.")
class Query(OperatorQueries):
    """The queries."""

    @strawberry.field(description="Who asks.")
    async def me(self, info: Info) -> User:
        return User.of(await info.context.do.account.show(info.context.allowed(Scope.READ)))

    @strawberry.field(
        description="The viewer, or a processing, a batch, a preset or a delivery of theirs; null where they have "
        "nothing of this id, as where it is another's."
    )
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The node's id.")]
    ) -> Node | None:
        return _shown(await info.context.do.find_node(info.context.allowed(Scope.READ), id))

    @strawberry.field(
        description=f"The viewer's processings: all of them, or those for which all holds that is asked for. {PAGED} A "
        "cursor is good for the order that it came from."
    )
    async def videos(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        before: Before = None,
        last: Last = None,
        status: Statuses = None,
        search: Search = None,
        created_from: CreatedFrom = None,
        created_to: CreatedTo = None,
        order_by: OrderBy = VideoOrder.NEWEST,
    ) -> VideoProcessingConnection:
        viewer, states = info.context.allowed(Scope.READ), frozenset(status or ProcessingStatus)
        which = VideoFilter(states, searched_words(search or ""), created_from, created_to)
        wanted = Wanted(first, after, before, last)
        return VideoProcessingConnection.of(
            await info.context.do.list_user_videos(viewer, wanted, which, order_by), which
        )

    @strawberry.field(description="An export of one of the viewer's videos; ask every second while it is made.")
    async def frames_export(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The export's id.")]
    ) -> FramesExportResult:
        viewer = info.context.allowed(Scope.READ)
        return FramesExport.of(*await info.context.do.exports.show(viewer, parsed_export_id(id)))

    @strawberry.field(description="One of the viewer's processings.")
    async def video(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The processing's id.")]
    ) -> VideoResult:
        return VideoProcessing.of(
            await info.context.do.videos.show(info.context.allowed(Scope.READ), parsed_video_id(id))
        )

    @strawberry.field(description="One of the viewer's imports; for a month after its end.")
    async def video_import(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The import's id.")]
    ) -> VideoImportResult:
        viewer, imports = info.context.allowed(Scope.UPLOAD), info.context.do.imports
        return VideoImport.of(await imports.show(viewer, parsed_upload_id(id)))

    @strawberry.field(
        description=f"The viewer's imports that go on or ended within a day, {LISTED} at most, the newest first."
    )
    async def video_imports(self, info: Info) -> list[VideoImport]:
        found = await info.context.do.imports.list(info.context.allowed(Scope.UPLOAD))
        return [VideoImport.of(one) for one in found]

    @strawberry.field(description=f"The viewer's batches, newest first. {PAGED}")
    async def batches(
        self, info: Info, first: First = None, after: After = None, before: Before = None, last: Last = None
    ) -> BatchConnection:
        viewer, wanted = info.context.allowed(Scope.READ), Wanted(first, after, before, last)
        return BatchConnection.of(await info.context.do.batches.list(viewer, wanted))

    @strawberry.field(description="One of the viewer's batches.")
    async def batch(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The batch's id.")]
    ) -> BatchResult:
        return Batch.of(await info.context.do.batches.show(info.context.allowed(Scope.READ), parsed_batch_id(id)))

    @strawberry.field(
        description=f"What the viewer was told, on which channel and with what outcome, newest first. {PAGED}"
    )
    async def notification_deliveries(
        self, info: Info, first: First = None, after: After = None, before: Before = None, last: Last = None
    ) -> NotificationDeliveryConnection:
        viewer, wanted = info.context.allowed(Scope.READ), Wanted(first, after, before, last)
        return NotificationDeliveryConnection.of(await info.context.do.notifications.page(viewer, wanted))

    @strawberry.field(description="The viewer's sessions that go on, 100 at most, the one that was active last first.")
    async def sessions(self, info: Info) -> list[ActiveSession]:
        viewer = info.context.viewer
        return [ActiveSession.of(one, viewer) for one in await info.context.do.sessions.list(viewer)]

    @strawberry.field(
        description="The viewer's keys for programs, the oldest first; an expired one is listed for 30 days."
    )
    async def api_keys(self, info: Info) -> list[ApiKey]:
        return [ApiKey.of(key) for key in await info.context.do.api_keys.list(info.context.viewer)]

    @strawberry.field(
        description="Why uploadVideo would refuse a file, asked before it is sent; null where nothing speaks against "
        "it now. A refusal in the midst of an upload reaches few browsers."
    )
    async def upload_refusal(
        self,
        info: Info,
        file_name: Annotated[str, strawberry.argument(description="Its name, with its ending.")],
        size_bytes: Annotated[BigInt, strawberry.argument(description="How large it is.")],
        first_bytes: Annotated[
            Base64 | None,
            strawberry.argument(description="Its first 1024 bytes, or all of a smaller one: is it a video?"),
        ] = None,
        options: Annotated[
            ExtractionOptionsInput | None, strawberry.argument(description="How its frames are to be taken.")
        ] = None,
        idempotency_key: Annotated[
            str | None, strawberry.argument(description="The key that it is to be sent with.")
        ] = None,
    ) -> Problem | None:
        viewer = info.context.allowed(Scope.UPLOAD)
        try:
            if options:
                options.to_domain()
            await info.context.do.upload_video.check(
                viewer, PlannedUpload(file_name, size_bytes, first_bytes, idempotency_key)
            )
        except (DomainError, DatabaseUnavailable) as refused:
            if (problem := problem_of(refused)) is None:
                raise
            return problem
        return None

    @strawberry.field(description="What the service accepts; needs no session.")
    async def service_limits(self, info: Info) -> ServiceLimits:
        at_once, in_parts = info.context.do.upload_video, info.context.do.staged_uploads
        return shown(
            ServiceLimits,
            info.context.settings,
            accepted_extensions=ACCEPTED_EXTENSIONS,
            max_file_bytes=in_parts.max_bytes if in_parts.links else at_once.max_bytes,
            max_inline_upload_bytes=at_once.max_bytes,
            staged_uploads=in_parts.links is not None,
            max_presets_per_user=MOST_PRESETS,
            max_batches_per_user=MOST_BATCHES,
            max_videos_per_batch=MOST_IN_A_BATCH,
            option_ranges=OptionRange.all(),
        )
