"""The use cases on a real SQLite database, with twins for what lies outside of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.domain.failure import Failure, FailureCode
from app.domain.notification import Notification, NotificationChannel
from app.domain.options import ExtractionOptions
from app.domain.retention import Retention
from app.domain.session import SessionId, Viewer
from app.domain.user import Locale, User, UserId
from app.domain.video import UNFINISHED, FramesArchive, VideoId, VideoProcessing, archive_key
from app.infra.frame_indexes import StoredFrameIndexes
from app.infra.import_reports import LoggedImports
from app.infra.web_sources import WebSources
from app.infra.worker_metrics import WorkerMetrics
from app.settings import Settings
from app.usecases.attempt_video import AttemptVideo
from app.usecases.catalogue import ControlUseCases, OperatorUseCases, UseCases
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.deliver_notifications import DeliverNotifications
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.examine_service import ExamineService
from app.usecases.expire_videos import ExpireVideos
from app.usecases.mark_processing_completed import MarkProcessingCompleted
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.mend_service import MendService
from app.usecases.notifications import NotificationUseCases
from app.usecases.paging import Slice
from app.usecases.ports.audit import AuditFilter
from app.usecases.ports.frames import FrameExtractor
from app.usecases.ports.import_sources import ImportSources
from app.usecases.ports.messengers import Mailer, WebhookSender
from app.usecases.ports.tokens import LinkTokens
from app.usecases.ports.transactions import Transaction, Transactions
from app.usecases.release_processing import ReleaseProcessing
from app.usecases.remove_objects import RemoveObjects
from app.usecases.replace_lost_zips import ReplaceLostZips
from app.usecases.start_video_processing_job import Claimed, StartVideoProcessingJob
from app.usecases.sweep_due_videos import SweepDueVideos
from app.usecases.upload_video import IncomingVideo, UploadVideo
from app.usecases.videos import VideoUseCases
from app.wiring import ControlParts, Parts, attempt_video, control_use_cases, doctor, user_use_cases
from tests.fakes.clock import SettableClock
from tests.fakes.ended_sessions import EndedHere
from tests.fakes.live_status import InMemoryLiveImports, InMemoryLiveStatus
from tests.fakes.messengers import MemoryMailer, MemoryWebhooks
from tests.fakes.part_links import MemoryPartLinks
from tests.fakes.passwords import NoPasswords
from tests.fakes.queue import RememberingQueue
from tests.fakes.rate_limits import CountingLimits
from tests.fakes.storage import MemoryObject, MemoryStorage
from tests.fakes.transactions import LostAnswers
from tests.parts.wired import decoding_parts, identity_parts, shipped

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
    live_imports: InMemoryLiveImports = field(default_factory=InMemoryLiveImports)
    clock: SettableClock = field(default_factory=SettableClock)
    limits: CountingLimits = field(default_factory=CountingLimits)
    max_active: int = 5
    max_stored: int | None = None
    max_stored_in_all: int | None = None
    retention: Retention = field(default_factory=Retention)
    part_links: MemoryPartLinks | None = field(default_factory=MemoryPartLinks)
    """None where clients do not reach the storage."""

    def __post_init__(self) -> None:
        self.storage = MemoryStorage(self.clock)

    @classmethod
    def on(cls, transactions: Transactions) -> "World":
        return cls(LostAnswers(transactions))

    async def change_user(self, user: UserId, **to: Any) -> None:
        async def step(t: Transaction) -> None:
            found = await t.users.lock(user)
            assert found is not None
            await t.users.save(replace(found, **to))

        await self.transactions.write(step)

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

    def settings(self, **changes: Any) -> Settings:
        """Return the shipped settings, but for what the story and these change."""
        return shipped(
            max_active_videos_per_user=self.max_active,
            max_stored_bytes_per_user=self.max_stored,
            max_stored_bytes=self.max_stored_in_all,
            retention_days=self.retention.days,
            **changes,
        )

    @property
    def parts(self) -> Parts:
        return Parts(
            transactions=self.transactions,
            storage=self.storage,
            queue=self.queue,
            live=self.live,
            live_imports=self.live_imports,
            clock=self.clock,
        )

    def do(self, **changes: Any) -> UseCases:
        """All that a user may want done, but for what takes a password."""
        identity = identity_parts(self.clock, NoPasswords(), EndedHere(), self.limits)
        indexes = StoredFrameIndexes(self.storage)
        return user_use_cases(self.settings(**changes), self.parts, identity, indexes, self.part_links)

    def attempt_video(
        self,
        extractor: FrameExtractor | None = None,
        work_dir: Path | None = None,
        metrics: WorkerMetrics | None = None,
        **changes: Any,
    ) -> AttemptVideo:
        """What a worker does; its steps are there without an extractor, too."""
        decoding = decoding_parts(extractor, work_dir, metrics)
        return attempt_video(self.settings(**changes), self.parts, decoding)

    def control(
        self,
        mailer: Mailer | None = None,
        webhooks: WebhookSender | None = None,
        tokens: tuple[LinkTokens, LinkTokens] | None = None,
        sources: ImportSources | None = None,
        **changes: Any,
    ) -> ControlUseCases:
        """What the service does by itself, beside videos."""
        identity = identity_parts(self.clock, NoPasswords(), EndedHere(), self.limits)
        resets, verifications = tokens or (identity.reset_tokens, identity.verification_tokens)
        control = ControlParts(
            sources=sources or WebSources(),
            import_reports=LoggedImports(),
            mailer=mailer or MemoryMailer(),
            webhooks=webhooks or MemoryWebhooks(),
            reset_tokens=resets,
            verification_tokens=verifications,
            limits=self.limits,
        )
        return control_use_cases(self.settings(**changes), self.parts, control)

    def upload_video(self, max_bytes: int = 10_000) -> UploadVideo:
        return replace(self.do(max_file_bytes=max_bytes).upload_video, twin_wait_seconds=0.3)

    async def uploaded(self, viewer: Viewer, *pieces: bytes, key: str | None = None) -> VideoProcessing:
        return await self.upload_video()(viewer, incoming(*pieces), ExtractionOptions(), key)

    @property
    def mark_failed(self) -> MarkProcessingFailed:
        return self.attempt_video().mark_processing_failed

    @property
    def start(self) -> StartVideoProcessingJob:
        return self.attempt_video().start_video_processing_job

    async def claimed(self, video: VideoId) -> Claimed:
        started = await self.start(video)
        assert isinstance(started, Claimed)
        return started

    @property
    def complete(self) -> MarkProcessingCompleted:
        return self.attempt_video().mark_processing_completed

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
        self.orphans(key)
        return FramesArchive(key, 2, "0" * 64, 3)

    def orphans(self, key: str) -> None:
        """Let an object appear."""
        self.storage.objects[key] = MemoryObject(b"PK", "application/zip", self.clock.now())

    def deliver(
        self,
        mailer: Mailer,
        url: str = "http://localhost:8000",
        tokens: tuple[LinkTokens, LinkTokens] | None = None,
        webhooks: WebhookSender | None = None,
    ) -> DeliverNotifications:
        return self.control(mailer, webhooks, tokens, public_url=url).deliver_notifications

    async def due_notifications(self, channel: NotificationChannel = NotificationChannel.EMAIL) -> list[Notification]:
        """Return what is due on a channel."""
        now = self.clock.now()
        return list(await self.transactions.read(lambda t: t.notifications.due(channel, now, 1000, per_user=1000)))

    @property
    def operate(self) -> OperatorUseCases:
        return self.do().operate

    async def audited(self) -> list[tuple[str, str, str | None]]:
        """Return what operators did, the first first: what, with what outcome, and why."""
        entries = await self.transactions.read(lambda t: t.audit.page(AuditFilter(), Slice(1000)))
        return [(entry.deed, entry.outcome, entry.reason) for entry in reversed(entries)]

    @property
    def release(self) -> ReleaseProcessing:
        return self.attempt_video().release_processing

    @property
    def sweep(self) -> SweepDueVideos:
        return SweepDueVideos(self.transactions, self.queue, self.clock)

    @property
    def videos(self) -> VideoUseCases:
        return self.do().videos

    @property
    def notifications(self) -> NotificationUseCases:
        return self.do().notifications

    @property
    def download(self) -> DownloadProcessedZip:
        return self.do().download_processed_zip

    @property
    def expire_videos(self) -> ExpireVideos:
        return self.control().expire_videos

    @property
    def replace_lost_zips(self) -> ReplaceLostZips:
        return self.control().replace_lost_zips

    @property
    def remove_objects(self) -> RemoveObjects:
        return self.control().remove_objects

    @property
    def collect_garbage(self) -> CollectGarbage:
        return self.control().collect_garbage

    @property
    def doctor(self) -> tuple[ExamineService, MendService]:
        """Return what finds out what is wrong, and what mends it."""
        return doctor(self.settings(), self.parts)

    async def row(self, video: VideoId) -> VideoProcessing:
        found = await self.transactions.read(lambda t: t.videos.get(video))
        assert found is not None
        return found

    async def unfinished(self, viewer: Viewer) -> tuple[int, int]:
        """Return how many rows and how many reservations count against the quota."""
        return (
            await self.transactions.read(lambda t: t.videos.count(viewer.id, UNFINISHED)),
            await self.transactions.read(lambda t: t.reservations.count(viewer.id, self.clock.now())),
        )
