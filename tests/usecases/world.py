"""The use cases on a real SQLite database, with twins for what lies outside of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from app.domain.failure import Failure, FailureCode
from app.domain.notification import Notification, NotificationChannel
from app.domain.options import ExtractionOptions
from app.domain.retention import FOR_EVER, Retention
from app.domain.session import SessionId, Viewer
from app.domain.user import Locale, User, UserId
from app.domain.video import FramesArchive, VideoId, VideoProcessing, archive_key
from app.infra.secret_tokens import HmacLinkTokens
from app.usecases.cancel_video import CancelVideo
from app.usecases.delete_video import DeleteVideo
from app.usecases.deliver_notifications import DeliverNotifications
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.expire_videos import ExpireVideos
from app.usecases.keep_house import KeepHouse
from app.usecases.limit_deliveries import LimitDeliveries
from app.usecases.mark_processing_completed import MarkProcessingCompleted
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.ports.mail import Mailer
from app.usecases.ports.transactions import Transactions
from app.usecases.ports.webhooks import WebhookSender
from app.usecases.quota import Quota, StoredInAll
from app.usecases.release_processing import ReleaseProcessing
from app.usecases.remove_objects import RemoveObjects
from app.usecases.reprocess_video import ReprocessVideo
from app.usecases.start_video_processing_job import Claimed, StartVideoProcessingJob
from app.usecases.sweep_due_videos import SweepDueVideos
from app.usecases.tell_rejection import TellRejection
from app.usecases.upload_video import IncomingVideo, UploadVideo
from app.usecases.write_mail import WriteMail
from tests.fakes.clock import SettableClock
from tests.fakes.live_status import InMemoryLiveStatus
from tests.fakes.messengers import MemoryWebhooks
from tests.fakes.queue import RememberingQueue
from tests.fakes.rate_limits import CountingLimits
from tests.fakes.storage import MemoryObject, MemoryStorage
from tests.fakes.transactions import LostAnswers

LEASE = timedelta(seconds=15)
MP4 = b"\x00\x00\x00\x20ftypisom" + b"a video, as far as its first bytes tell" * 10


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def incoming(*pieces: bytes, name: str = "a.mp4", declared: int | None = None) -> IncomingVideo:
    return IncomingVideo(name, declared, chunks(*(pieces or (MP4,))))


@dataclass
class World:
    """What a story needs, and short words for what happens in it."""

    transactions: LostAnswers
    queue: RememberingQueue = field(default_factory=RememberingQueue)
    live: InMemoryLiveStatus = field(default_factory=InMemoryLiveStatus)
    clock: SettableClock = field(default_factory=SettableClock)
    limits: CountingLimits = field(default_factory=CountingLimits)
    max_active: int = 5
    max_stored: int | None = None
    max_stored_in_all: int | None = None
    retention: Retention = FOR_EVER

    def __post_init__(self) -> None:
        self.storage = MemoryStorage(self.clock)

    @classmethod
    def on(cls, transactions: Transactions) -> "World":
        return cls(LostAnswers(transactions))

    async def user(self) -> Viewer:
        user = User(
            UserId(str(uuid4())),
            "Ana",
            f"{uuid4().hex}@example.com",
            "a hash",
            Locale.EN,
            email_on_failure=True,
            email_on_completion=False,
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
            email_verified_at=self.clock.now(),
        )
        await self.transactions.write(lambda t: t.users.add(user))
        return Viewer(user.id, SessionId(str(uuid4())), self.clock.now() + timedelta(hours=1))

    @property
    def quota(self) -> Quota:
        return Quota(self.max_active, self.max_stored)

    def upload_video(self, max_bytes: int = 10_000) -> UploadVideo:
        return UploadVideo(
            self.transactions,
            self.storage,
            self.queue,
            self.live,
            self.clock,
            self.quota,
            StoredInAll(self.transactions, self.clock, self.max_stored_in_all),
            TellRejection(self.transactions, self.queue, self.clock, self.limits),
            max_bytes,
            twin_wait_seconds=0.3,
        )

    async def uploaded(self, viewer: Viewer, *pieces: bytes, key: str | None = None) -> VideoProcessing:
        return await self.upload_video()(viewer, incoming(*pieces), ExtractionOptions(), key)

    @property
    def mark_failed(self) -> MarkProcessingFailed:
        return MarkProcessingFailed(self.transactions, self.queue, self.live, self.clock)

    @property
    def start(self) -> StartVideoProcessingJob:
        return StartVideoProcessingJob(self.transactions, self.mark_failed, self.live, self.clock, LEASE, 3)

    async def claimed(self, video: VideoId) -> Claimed:
        started = await self.start(video)
        assert isinstance(started, Claimed)
        return started

    @property
    def complete(self) -> MarkProcessingCompleted:
        return MarkProcessingCompleted(self.transactions, self.queue, self.live, self.clock)

    async def completed(self, video: VideoId) -> VideoProcessing:
        held = (await self.claimed(video)).video
        assert await self.complete(held, self.archive(held))
        return await self.row(video)

    async def failed(self, video: VideoId, code: FailureCode = FailureCode.CORRUPT_VIDEO) -> VideoProcessing:
        held = (await self.claimed(video)).video
        assert await self.mark_failed(held, Failure(code, code.reason))
        return await self.row(video)

    async def ended(self, held: VideoProcessing, end: str) -> bool:
        """Let an attempt end as ``completed`` or ``failed``."""
        if end == "completed":
            return await self.complete(held, self.archive(held))
        return await self.mark_failed(held, Failure(FailureCode.CORRUPT_VIDEO, FailureCode.CORRUPT_VIDEO.reason))

    def archive(self, held: VideoProcessing) -> FramesArchive:
        key = archive_key(held.id, held.attempt)
        self.litter(key)
        return FramesArchive(key, 2, "0" * 64, 3)

    def litter(self, key: str) -> None:
        """Let an object appear."""
        self.storage.objects[key] = MemoryObject(b"PK", "application/zip", self.clock.now())

    def deliver(
        self,
        mailer: Mailer,
        url: str = "http://localhost:8000",
        tokens: tuple[HmacLinkTokens, HmacLinkTokens] | None = None,
        webhooks: WebhookSender | None = None,
    ) -> DeliverNotifications:
        resets, verifications = tokens or (
            HmacLinkTokens("password resets", "k" * 32),
            HmacLinkTokens("email verifications", "k" * 32),
        )
        write_mail = WriteMail(resets, verifications, self.clock, url)
        return DeliverNotifications(
            self.transactions,
            mailer,
            webhooks or MemoryWebhooks(),
            write_mail,
            LimitDeliveries(self.limits, self.clock),
            self.clock,
        )

    async def owed(self, channel: NotificationChannel = NotificationChannel.EMAIL) -> list[Notification]:
        """Give what is due on a channel."""
        now = self.clock.now()
        return list(await self.transactions.read(lambda t: t.notifications.due(channel, now, 1000, per_user=1000)))

    @property
    def release(self) -> ReleaseProcessing:
        return ReleaseProcessing(self.transactions, self.clock)

    @property
    def sweep(self) -> SweepDueVideos:
        return SweepDueVideos(self.transactions, self.queue, self.clock)

    @property
    def cancel(self) -> CancelVideo:
        return CancelVideo(self.transactions, self.live, self.clock)

    @property
    def delete(self) -> DeleteVideo:
        return DeleteVideo(self.transactions, self.queue, self.live, self.clock)

    @property
    def reprocess(self) -> ReprocessVideo:
        return ReprocessVideo(self.transactions, self.queue, self.live, self.clock, self.quota, self.retention)

    @property
    def download(self) -> DownloadProcessedZip:
        return DownloadProcessedZip(self.transactions, self.clock, self.retention)

    @property
    def expire_videos(self) -> ExpireVideos:
        return ExpireVideos(self.transactions, self.queue, self.live, self.clock, self.retention)

    @property
    def remove_objects(self) -> RemoveObjects:
        return RemoveObjects(self.transactions, self.storage, self.clock)

    @property
    def keep_house(self) -> KeepHouse:
        return KeepHouse(self.transactions, self.storage, self.clock, timedelta(hours=24), timedelta(hours=1))

    async def row(self, video: VideoId) -> VideoProcessing:
        found = await self.transactions.read(lambda t: t.videos.get(video))
        assert found is not None
        return found

    async def unfinished(self, viewer: Viewer) -> tuple[int, int]:
        """Give how many rows and how many intakes count against the quota."""
        return (
            await self.transactions.read(lambda t: t.videos.count_unfinished(viewer.id)),
            await self.transactions.read(lambda t: t.intakes.count(viewer.id, self.clock.now())),
        )
