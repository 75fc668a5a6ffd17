"""A processing as its owner sees it, and a page of them."""

import base64
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, cast

import strawberry

from app.domain import options, video
from app.domain.options import SelectionKind
from app.domain.session import Scope
from app.graphql.connection import After, Before, Connection, Edge, First, Last, PageInfo
from app.graphql.context import Info
from app.graphql.declared import EACH
from app.graphql.enums import Aspect, FailureCode, ImageFormat, ProcessingStatus
from app.graphql.frames import FrameConnection, FromIndex
from app.graphql.node import Node
from app.graphql.scalars import BigInt
from app.graphql.shown import ABSOLUTE, shown
from app.graphql.storyboards import Storyboard
from app.graphql.ways_out import FramesExport, FrameTables
from app.usecases.download_processed_zip import archive_file_name
from app.usecases.frames import after_for
from app.usecases.paging import MAX_PAGE, Page, Wanted
from app.usecases.ports.storage import DownloadLinks
from app.usecases.ports.videos import VideoFilter

Statuses = Annotated[list[ProcessingStatus] | None, strawberry.argument(description="Only those in these states.")]


@strawberry.type(
    description="How the frames are chosen; exactly one field is not null, so that a form can be filled in again."
)
class FrameSelection:
    """As ``FrameSelectionInput``."""

    frames_per_second: float | None = strawberry.field(default=None, description="Frames for each second of video.")
    every_seconds: float | None = strawberry.field(default=None, description="One frame every so many seconds.")
    every_nth_frame: int | None = strawberry.field(default=None, description="Every n-th frame of the video.")
    count: int | None = strawberry.field(default=None, description="So many frames, evenly spread.")
    timestamps: list[float] | None = strawberry.field(default=None, description="At these times, in seconds.")
    keyframes_only: bool | None = strawberry.field(default=None, description="The frames that are coded whole.")
    scene_change: float | None = strawberry.field(
        default=None, description="Where the picture changes by more than this share."
    )

    @classmethod
    def of(cls, selection: options.FrameSelection) -> "FrameSelection":
        value: Any = selection.chosen
        if selection.kind in {SelectionKind.COUNT, SelectionKind.EVERY_NTH_FRAME}:
            value = int(value)
        return cls(**{selection.kind.name.lower(): value})


@strawberry.type(description="The part of a picture that was taken, as shares of it as it is shown.")
class Crop:
    """As ``CropInput``."""

    left: float = strawberry.field(description="Where it began, from the left.")
    top: float = strawberry.field(description="Where it began, from the top.")
    width: float = strawberry.field(description="How wide it was.")
    height: float = strawberry.field(description="How high it was.")


@strawberry.type(
    description="The options as they were applied, defaults filled in: one frame a second, JPEG of quality 90, no "
    "scaling, the whole video."
)
class ExtractionOptions:
    """As ``ExtractionOptionsInput``."""

    select: FrameSelection = strawberry.field(description="Which frames were taken.")
    format: ImageFormat = strawberry.field(description="The format of the pictures.")
    quality: int | None = strawberry.field(description="1 (smallest) to 100 (best); null for PNG, which has none.")
    max_width: int | None = strawberry.field(description="Pixels that the picture had to fit in; null for any.")
    max_height: int | None = strawberry.field(description="Pixels that the picture had to fit in; null for any.")
    start_seconds: float | None = strawberry.field(description="Where the part taken began; null for the start.")
    end_seconds: float | None = strawberry.field(description="Where the part taken ended; null for the end.")
    distinct: float | None = strawberry.field(
        description="Pictures were left out of which less than this share had changed; null where none were."
    )
    sharpest: bool = strawberry.field(description="Whether the sharpest picture near each instant was taken.")
    skip_black: bool = strawberry.field(description="Whether black pictures were left out.")
    min_scene_seconds: float | None = strawberry.field(description="How long a scene had to be; null for any length.")
    aspect: Aspect = strawberry.field(description="What became of a picture of another shape.")
    crop: Crop | None = strawberry.field(description="The part of the picture that was taken; null for all of it.")


@lru_cache(maxsize=1024)
def options_shown(applied: options.ExtractionOptions) -> ExtractionOptions:
    """Show options once for all videos that have them."""
    quality = None if applied.format is options.ImageFormat.PNG else applied.quality
    crop = None if applied.crop is None else shown(Crop, applied.crop)
    return shown(ExtractionOptions, applied, select=FrameSelection.of(applied.select), quality=quality, crop=crop)


@strawberry.type(description="How far the processing is.")
class Progress:
    """As ``app.domain.video.Progress``."""

    percent: float = strawberry.field(description="0 to 100, never falling within one attempt.")
    frames_extracted: int = strawberry.field(description="How many frames there are so far.")
    frames_expected: int | None = strawberry.field(description="How many there will be, about; null where unknown.")


@strawberry.type(description="Why a processing failed.")
class Failure:
    """As ``app.domain.failure.Failure``."""

    code: FailureCode = strawberry.field(description="For programs.")
    reason: str = strawberry.field(description="A sentence for the user: why it failed.")
    retryable: bool = strawberry.field(description="Whether processing the same file again can help.")


@strawberry.type(description="What was found in the file.")
class MediaInfo:
    """As ``app.domain.video.MediaInfo``."""

    duration_seconds: float | None = strawberry.field(description="How long it lasts; null where the file is silent.")
    width: int = strawberry.field(description="Pixels, as displayed.")
    height: int = strawberry.field(description="Pixels, as displayed.")
    codec: str = strawberry.field(description="The decoder's name.")
    frames_per_second: float | None = strawberry.field(description="Null where the file is silent.")


@strawberry.type(
    description="The ZIP and its pictures. URLs are made when they are read, authorise themselves and are short-lived."
)
class FramesArchive:
    """As ``app.domain.video.FramesArchive``, with links in place of keys."""

    seen: strawberry.Private[video.VideoProcessing]
    archive: strawberry.Private[video.FramesArchive]
    frame_count: int = strawberry.field(description="How many pictures are in it.")
    size_bytes: BigInt = strawberry.field(description="The size of the ZIP.")
    download_url: str = strawberry.field(description=f"Where the ZIP is. {ABSOLUTE}")
    contact_sheet_url: str | None = strawberry.field(
        description="A few frames in one picture, for a list or a preview: the first sheet of the storyboard, where "
        f"there is one. {ABSOLUTE}"
    )
    expires_at: datetime = strawberry.field(description="When the URLs stop working; read them again then.")

    @classmethod
    def of(
        cls, found: video.VideoProcessing, archive: video.FramesArchive, links: DownloadLinks, now: datetime
    ) -> "FramesArchive":
        name = archive_file_name(found)
        url, expires_at = links.link(archive.key, file_name=name, content_type="application/zip", now=now)
        sheet = None
        if archive.contact_sheet_key is not None:
            sheet_name = name.removesuffix(".zip") + ".jpg"
            sheet, _ = links.link(archive.contact_sheet_key, file_name=sheet_name, content_type="image/jpeg", now=now)
        urls = {"download_url": url, "contact_sheet_url": sheet, "expires_at": expires_at}
        return shown(cls, archive, seen=found, archive=archive, **urls)

    @strawberry.field(description="What is known of its pictures, as files for other programs.")
    def tables(self, info: Info) -> FrameTables:
        """Make links that are good from now on."""
        return FrameTables.of(self.seen, info.context.services)

    @strawberry.field(metadata=EACH, description="What was made of its pictures on request and is kept, newest first.")
    async def exports(self, info: Info) -> list[FramesExport]:
        return [FramesExport.of(self.seen, one) for one in await info.context.do.exports.of(self.seen.id)]

    @strawberry.field(
        description="Small pictures of all of it, for a gallery or a player; null for ZIPs of former versions, and "
        "where it could not be made."
    )
    def storyboard(self, info: Info) -> Storyboard | None:
        """Make links that are good from now on."""
        return Storyboard.of(self.seen, info)

    @strawberry.field(
        metadata=EACH,
        description="Its pictures one by one, in their order, each with a link to its bytes: nothing is unpacked, and "
        f"nothing else of the ZIP need be fetched. first or last is 1 to {MAX_PAGE}.",
    )
    async def frames(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        before: Before = None,
        last: Last = None,
        from_index: FromIndex = None,
    ) -> FrameConnection | None:
        """Be nullable, so that a storage that is away takes nothing from who asks for more than pictures."""
        page = await info.context.do.frames.page_of(
            self.archive, Wanted(first, after_for(from_index, after), before, last)
        )
        return FrameConnection.of(self.seen, page, info.context.services)


@strawberry.type(description="One line of the status log.")
class StatusChange:
    """As ``app.domain.video.StatusChange``."""

    status: ProcessingStatus = strawberry.field(description="The state that began.")
    at: datetime = strawberry.field(description="When it began.")
    attempt: int = strawberry.field(description="In which attempt; 0 before the first.")


@strawberry.type(description="One processing of one video.")
class VideoProcessing(Node):
    """As ``app.domain.video.VideoProcessing``; ``seen`` is what it was made from."""

    seen: strawberry.Private[video.VideoProcessing]
    tile: strawberry.Private[bytes | None]
    id: strawberry.ID = strawberry.field(description="A UUID; says nothing of how many there are.")
    file_id: strawberry.ID = strawberry.field(
        description="The same for all processings of one file: those that were made by processing it again."
    )
    original_file_name: str = strawberry.field(description="The name under which it was sent.")
    size_bytes: BigInt = strawberry.field(description="The size of the file that was sent.")
    status: ProcessingStatus = strawberry.field(description="Where it stands.")
    version: int = strawberry.field(
        description="Rises with every event, progress included; drop what is not newer than what you have."
    )
    options: ExtractionOptions = strawberry.field(description="How its frames are taken.")
    progress: Progress = strawberry.field(description="How far it is.")
    failure: Failure | None = strawberry.field(description="Why it failed; null unless it is FAILED.")
    media: MediaInfo | None = strawberry.field(description="What was found in the file, once it was looked at.")
    created_at: datetime = strawberry.field(description="When it was received.")
    started_at: datetime | None = strawberry.field(description="When its last attempt began.")
    completed_at: datetime | None = strawberry.field(description="When it ended, well or badly.")

    @strawberry.field(description="The ZIP; null unless it is COMPLETED, and null again after expiresAt.")
    def result(self, info: Info) -> FramesArchive | None:
        """Make links that are good from now on; a key that may only send videos downloads none."""
        services, archive, now = info.context.services, self.seen.archive, info.context.services.clock.now()
        if archive is None or services.retention.expired(self.seen, now):
            return None
        info.context.allowed(Scope.READ)
        return FramesArchive.of(self.seen, archive, services.links, now)

    @strawberry.field(
        description="Its storyboard, of which sheets can be seen as soon as they are finished; once it is COMPLETED, "
        "that of its result. Null before the first sheet, and once it is FAILED."
    )
    def storyboard(self, info: Info) -> Storyboard | None:
        """As ``result``, a key that may only send videos sees none."""
        if self.seen.storyboard is None:
            return None
        info.context.allowed(Scope.READ)
        return Storyboard.of(self.seen, info)

    @strawberry.field(
        description="The newest small picture of the work, a JPEG in base64 (data:image/jpeg;base64,...), at most 8 "
        "KiB. Only in events of videoStatus, where it is selected there: at most once a second, null where none is new."
    )
    def latest_tile(self) -> str | None:
        """Show what came with the event."""
        return None if self.tile is None else base64.b64encode(self.tile).decode()

    @strawberry.field(
        description="Until when the file that was sent and the ZIP are kept: afterwards neither can be had any more. "
        "Null until the processing has ended, and where they are kept until it is deleted."
    )
    def expires_at(self, info: Info) -> datetime | None:
        """Follow the setting of now."""
        return info.context.services.retention.expires_at(self.seen)

    @strawberry.field(description="The status log, oldest first.")
    async def history(self, info: Info) -> list[StatusChange]:
        """Read the logs of all that one answer shows at once."""
        return cast("list[StatusChange]", await info.context.histories.load(self.seen.id))

    @classmethod
    def of(cls, found: video.VideoProcessing, tile: bytes | None = None) -> "VideoProcessing":
        return shown(cls, found, seen=found, tile=tile, options=options_shown(found.options))


@strawberry.type(description="A processing in its place in the list.")
class VideoProcessingEdge(Edge[VideoProcessing]):
    """One line of a page."""

    node: VideoProcessing = strawberry.field(description="The processing.")


@strawberry.type(description="How many processings are in each state.")
class VideoCounts:
    """By ``ProcessingStatus``."""

    pending: int = strawberry.field(description="Wait for a worker.")
    processing: int = strawberry.field(description="A worker holds them.")
    completed: int = strawberry.field(description="Have their ZIP, for as long as it is kept.")
    failed: int = strawberry.field(description="Could not be processed, or were canceled.")
    total: int = strawberry.field(description="All of them.")

    @classmethod
    def of(cls, counts: Mapping[video.ProcessingStatus, int]) -> "VideoCounts":
        by_name = {status.name.lower(): counts.get(status, 0) for status in video.ProcessingStatus}
        return cls(**by_name, total=sum(by_name.values()))


@strawberry.type(description="A page of the viewer's processings.")
class VideoProcessingConnection(Connection[VideoProcessingEdge]):
    """One page."""

    which: strawberry.Private[VideoFilter]
    edges: list[VideoProcessingEdge] = strawberry.field(description="The processings of this page.")

    @strawberry.field(description="How many there are in all pages; counted only where it is asked for.")
    async def total_count(self, info: Info) -> int:
        return await info.context.do.list_user_videos.count(info.context.allowed(Scope.READ), self.which)

    @strawberry.field(
        description="How many there are in each state of those that are asked for, whichever states are; counted only "
        "where it is asked for."
    )
    async def counts(self, info: Info) -> VideoCounts:
        return VideoCounts.of(
            await info.context.do.list_user_videos.counts(info.context.allowed(Scope.READ), self.which)
        )

    @classmethod
    def of(cls, page: Page[video.VideoProcessing], which: VideoFilter) -> "VideoProcessingConnection":
        return cls(which=which, edges=VideoProcessingEdge.each(page, VideoProcessing.of), page_info=PageInfo.of(page))
