"""What is put together with what: by a process from its adapters, by a test from its fakes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from app.domain.retention import Retention
from app.settings import Settings, VideoSettings
from app.usecases.accept_upload import AcceptUpload
from app.usecases.account import AccountUseCases
from app.usecases.api_keys import ApiKeyUseCases
from app.usecases.attempt_video import AttemptVideo
from app.usecases.audit import AuditedDeeds
from app.usecases.authenticate_user import AuthenticateUser
from app.usecases.batches import BatchUseCases
from app.usecases.catalogue import ControlUseCases, OperatorUseCases, UseCases
from app.usecases.change_email import ChangeEmail
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.deliver_notifications import DeliverNotifications
from app.usecases.download_batch import DownloadBatch
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.email_verification import EmailVerification
from app.usecases.examine_service import ExamineService
from app.usecases.expire_videos import ExpireVideos
from app.usecases.fetch_import import FetchImport
from app.usecases.find_node import FindNode
from app.usecases.frame_tables import FrameTables
from app.usecases.frames import FrameUseCases
from app.usecases.frames_exports import ExportUseCases
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.hold_lease import HoldLease
from app.usecases.imports import ImportUseCases
from app.usecases.job_operations import JobOperations
from app.usecases.limit_deliveries import LimitDeliveries
from app.usecases.list_user_videos import ListUserVideos
from app.usecases.make_export import MakeExport
from app.usecases.mark_processing_completed import MarkProcessingCompleted
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.mend_service import MendService
from app.usecases.notifications import NotificationUseCases
from app.usecases.passwords import PasswordUseCases
from app.usecases.ports.attempt_reports import AttemptReports
from app.usecases.ports.clock import Clock
from app.usecases.ports.frame_indexes import FrameIndexes
from app.usecases.ports.frames import DecoderTrial, FrameExtractor, ZipEncoder
from app.usecases.ports.frames_exports import ExportReports, FramesRenderer
from app.usecases.ports.import_reports import ImportReports
from app.usecases.ports.import_sources import ImportSources
from app.usecases.ports.live_status import LiveImports, LiveStatus
from app.usecases.ports.messengers import MailAddresses, Mailer, WebhookSender
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimits
from app.usecases.ports.sessions import EndedSessions
from app.usecases.ports.storage import ObjectStorage, PartLinks
from app.usecases.ports.tokens import AccessTokens, LinkTokens, PasswordHasher, RefreshTokens
from app.usecases.ports.transactions import Transactions
from app.usecases.ports.workspaces import Workspaces
from app.usecases.presets import PresetUseCases
from app.usecases.process_video_frames import ProcessVideoFrames
from app.usecases.quota import BacklogLimit, Quota, StoredBytes, StoredInAll
from app.usecases.register_user import RegisterUser
from app.usecases.release_processing import ReleaseProcessing
from app.usecases.remove_objects import RemoveObjects
from app.usecases.replace_lost_zips import ReplaceLostZips
from app.usecases.select_frames import SelectFrames
from app.usecases.sessions import SessionUseCases
from app.usecases.several_videos import SeveralVideos
from app.usecases.staged_uploads import StagedUploadUseCases
from app.usecases.start_video_processing_job import StartVideoProcessingJob
from app.usecases.store_breaker import StoreBreaker
from app.usecases.store_import import ImportLimits, StoreImport
from app.usecases.storyboards import StoryboardUseCases
from app.usecases.sweep_due_exports import SweepDueExports
from app.usecases.sweep_due_imports import SweepDueImports
from app.usecases.sweep_due_videos import SweepDueVideos
from app.usecases.upload_video import UploadVideo
from app.usecases.user_operations import UserOperations
from app.usecases.videos import VideoUseCases
from app.usecases.watch_video_status import WatchVideoStatus
from app.usecases.worker_health import WorkerHealth
from app.usecases.write_mail import WriteMail

_GRACES: Final = 20
"""So much of a lease's time is what a worker takes to renew it once the database is back."""
_NO_OBJECT: Final = "sources/none"
"""That there is no such one is an answer, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every process has open."""

    transactions: Transactions
    storage: ObjectStorage
    queue: JobQueue
    live: LiveStatus
    live_imports: LiveImports
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityParts:
    """What the API knows people by."""

    passwords: PasswordHasher
    tokens: AccessTokens
    refresh_tokens: RefreshTokens
    reset_tokens: LinkTokens
    verification_tokens: LinkTokens
    ended: EndedSessions
    limits: RateLimits
    addresses: MailAddresses


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingParts:
    """What a worker makes ZIPs of videos with, and what tells operators of that."""

    extractor: FrameExtractor
    workspaces: Workspaces
    new_zip: Callable[[], ZipEncoder]
    reports: AttemptReports
    health: WorkerHealth
    try_decoder: DecoderTrial


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParts:
    """What a worker tells people with, and where it fetches what they name."""

    sources: ImportSources
    import_reports: ImportReports
    mailer: Mailer
    webhooks: WebhookSender
    reset_tokens: LinkTokens
    verification_tokens: LinkTokens
    limits: RateLimits


def user_use_cases(
    settings: Settings,
    parts: Parts,
    identity: IdentityParts,
    frame_indexes: FrameIndexes,
    part_links: PartLinks | None = None,
) -> UseCases:
    """Compose all that a user may want done; ``part_links`` are those of a storage that clients reach."""
    transactions, storage, queue, live, clock = parts.transactions, parts.storage, parts.queue, parts.live, parts.clock
    hasher, limits, addresses = identity.passwords, identity.limits, identity.addresses
    verification_lifetime = timedelta(seconds=settings.verification_seconds)
    sessions = SessionUseCases(
        transactions,
        identity.tokens,
        identity.refresh_tokens,
        identity.ended,
        clock,
        timedelta(seconds=settings.refresh_seconds),
        timedelta(seconds=settings.longest_session_seconds),
    )
    reset_lifetime = timedelta(seconds=settings.reset_seconds)
    passwords = PasswordUseCases(
        transactions, queue, hasher, identity.reset_tokens, sessions, limits, addresses, reset_lifetime
    )
    backlog = BacklogLimit(timedelta(seconds=settings.max_backlog_seconds), settings.max_backlog_bytes)
    quota = Quota(settings.max_active_videos_per_user, settings.max_stored_bytes_per_user, backlog)
    largest = min(settings.max_file_bytes, settings.max_inline_upload_bytes)
    in_all = StoredInAll(transactions, clock, settings.max_stored_bytes)
    notifications = NotificationUseCases(transactions, queue, clock, limits, settings.webhook_loopback)
    retention = Retention(settings.retention_days)
    download = DownloadProcessedZip(transactions, clock, retention)
    accept = AcceptUpload(transactions, queue, live, clock)
    videos = VideoUseCases(transactions, queue, live, clock, quota, retention)
    stored = StoredBytes(transactions, clock, settings.max_stored_bytes_per_user)
    staged_uploads = StagedUploadUseCases(
        transactions,
        storage,
        queue,
        clock,
        quota,
        in_all,
        accept,
        part_links,
        settings.max_file_bytes,
        timedelta(seconds=settings.upload_timeout_seconds),
    )
    return UseCases(
        register_user=RegisterUser(
            transactions, hasher, sessions, limits, addresses, settings.verify_email, verification_lifetime
        ),
        authenticate_user=AuthenticateUser(transactions, hasher, sessions, limits, addresses),
        sessions=sessions,
        api_keys=ApiKeyUseCases(
            transactions, queue, identity.ended, clock, limits, timedelta(seconds=settings.session_seconds)
        ),
        passwords=passwords,
        account=AccountUseCases(transactions, storage, queue, passwords, clock, limits),
        email_verification=EmailVerification(
            transactions, queue, clock, limits, identity.verification_tokens, verification_lifetime, videos
        ),
        change_email=ChangeEmail(
            transactions,
            queue,
            clock,
            limits,
            addresses,
            passwords,
            settings.verify_email,
            verification_lifetime,
        ),
        notifications=notifications,
        upload_video=UploadVideo(transactions, storage, clock, quota, in_all, accept, notifications, largest),
        staged_uploads=staged_uploads,
        imports=_imports(settings, parts, quota),
        presets=PresetUseCases(transactions, clock),
        batches=BatchUseCases(transactions, videos, staged_uploads, clock),
        download_batch=DownloadBatch(transactions, clock, retention),
        list_user_videos=ListUserVideos(transactions),
        download_processed_zip=download,
        frames=FrameUseCases(transactions, clock, retention, download, frame_indexes),
        storyboards=StoryboardUseCases(transactions, clock, retention),
        frame_tables=FrameTables(transactions, clock, retention, download, frame_indexes),
        exports=ExportUseCases(transactions, queue, clock, stored, download),
        select_frames=SelectFrames(transactions, clock, retention, download),
        videos=videos,
        several_videos=SeveralVideos(videos),
        watch_video_status=WatchVideoStatus(transactions, live, clock),
        stored_bytes=stored,
        find_node=FindNode(transactions),
        operate=operator_use_cases(settings, transactions, queue, live, clock, identity.ended, addresses),
    )


def _imports(settings: Settings, parts: Parts, quota: Quota) -> ImportUseCases:
    return ImportUseCases(
        parts.transactions,
        parts.storage,
        parts.queue,
        parts.live_imports,
        parts.clock,
        quota,
        timedelta(seconds=settings.upload_timeout_seconds),
        frozenset(settings.import_buckets) - {settings.s3_bucket},  # Its keys are everybody's files.
        settings.import_loopback,
    )


def operator_use_cases(
    settings: VideoSettings,
    transactions: Transactions,
    queue: JobQueue,
    live: LiveStatus,
    clock: Clock,
    ended: EndedSessions,
    addresses: MailAddresses,
) -> OperatorUseCases:
    """Compose all that an operator may want done."""
    deeds = AuditedDeeds(transactions, clock)
    return OperatorUseCases(
        jobs=JobOperations(deeds, queue, live, Retention(settings.retention_days)),
        users=UserOperations(deeds, ended, addresses),
        audit=deeds,
    )


def attempt_video(settings: VideoSettings, parts: Parts, decoding: DecodingParts) -> AttemptVideo:
    """Compose an attempt at a video from its steps."""
    transactions, queue, live, clock = parts.transactions, parts.queue, parts.live, parts.clock
    lease, heartbeat = timedelta(seconds=settings.lease_seconds), timedelta(seconds=settings.heartbeat_seconds)
    mark_failed = MarkProcessingFailed(transactions, queue, live, clock)
    return AttemptVideo(
        start_video_processing_job=StartVideoProcessingJob(
            transactions, mark_failed, live, clock, lease, decoding.health.worker, grace=lease / _GRACES
        ),
        hold_lease=HoldLease(transactions, live, clock, lease, heartbeat),
        process_video_frames=ProcessVideoFrames(parts.storage, decoding.extractor, decoding.workspaces),
        generate_zip_file=GenerateZipFile(
            parts.storage,
            decoding.new_zip,
            settings.max_output_bytes,
            settings.max_output_ratio,
            stored_bytes=StoredBytes(transactions, clock, settings.max_stored_bytes_per_user),
        ),
        mark_processing_completed=MarkProcessingCompleted(transactions, queue, live, clock),
        mark_processing_failed=mark_failed,
        release_processing=ReleaseProcessing(transactions, clock),
        reports=decoding.reports,
        health=decoding.health,
        try_decoder=decoding.try_decoder,
        stores=StoreBreaker(
            {
                "database": lambda: transactions.read(lambda t: t.users.by_email("")),
                "storage": lambda: parts.storage.stat(_NO_OBJECT),
            },
            decoding.reports,
        ),
        clock=clock,
        max_transient_failures=settings.max_transient_failures,
    )


def make_export(
    settings: VideoSettings, parts: Parts, frame_indexes: FrameIndexes, render: FramesRenderer, reports: ExportReports
) -> MakeExport:
    """Compose an attempt at an export."""
    return MakeExport(
        parts.transactions,
        parts.storage,
        frame_indexes,
        render,
        StoredBytes(parts.transactions, parts.clock, settings.max_stored_bytes_per_user),
        parts.clock,
        reports,
        timedelta(seconds=settings.lease_seconds),
        timedelta(seconds=settings.heartbeat_seconds),
    )


def control_use_cases(settings: VideoSettings, parts: Parts, control: ControlParts) -> ControlUseCases:
    """Compose what the service does by itself, beside videos."""
    transactions, storage, clock = parts.transactions, parts.storage, parts.clock
    page = settings.public_url or f"http://{settings.host}:{settings.port}"
    return ControlUseCases(
        deliver_notifications=DeliverNotifications(
            transactions,
            control.mailer,
            control.webhooks,
            WriteMail(control.reset_tokens, control.verification_tokens, clock, page),
            LimitDeliveries(control.limits, clock),
            clock,
        ),
        remove_objects=RemoveObjects(transactions, storage, clock),
        collect_garbage=_collect_garbage(settings, parts),
        expire_videos=ExpireVideos(transactions, parts.queue, parts.live, clock, Retention(settings.retention_days)),
        replace_lost_zips=_replace_lost_zips(settings, parts),
        measure_backlog=MeasureBacklog(transactions, clock),
        fetch_import=fetch_import(settings, parts, control.sources, control.import_reports),
        sweep_imports=SweepDueImports(transactions, parts.queue, clock),
        sweep_exports=SweepDueExports(transactions, parts.queue, clock),
    )


def fetch_import(settings: VideoSettings, parts: Parts, sources: ImportSources, reports: ImportReports) -> FetchImport:
    """Compose an attempt at an import."""
    transactions, clock = parts.transactions, parts.clock
    limits = ImportLimits(
        settings.max_file_bytes, settings.max_stored_bytes_per_user, settings.min_import_bytes_per_second
    )
    return FetchImport(
        transactions,
        StoreImport(parts.storage, sources, StoredInAll(transactions, clock, settings.max_stored_bytes), limits),
        AcceptUpload(transactions, parts.queue, parts.live, clock),
        parts.queue,
        parts.live_imports,
        clock,
        reports,
        timedelta(seconds=settings.lease_seconds),
        timedelta(seconds=settings.heartbeat_seconds),
    )


def doctor(settings: VideoSettings, parts: Parts) -> tuple[ExamineService, MendService]:
    """Compose what finds out what is wrong with a service, and what mends it; both go to the end of all there is."""
    transactions, storage, queue, clock = parts.transactions, parts.storage, parts.queue, parts.clock
    collect_garbage = replace(_collect_garbage(settings, parts), most_objects=sys.maxsize)
    mend = MendService(
        replace_lost_zips=replace(_replace_lost_zips(settings, parts), most_videos=sys.maxsize),
        release=ReleaseProcessing(transactions, clock),
        sweep=SweepDueVideos(transactions, queue, clock),
        collect_garbage=collect_garbage,
        remove_objects=RemoveObjects(transactions, storage, clock),
        deeds=AuditedDeeds(transactions, clock),
        clock=clock,
    )
    return ExamineService(transactions, storage, queue, clock, collect_garbage), mend


def _collect_garbage(settings: VideoSettings, parts: Parts) -> CollectGarbage:
    return CollectGarbage(
        parts.transactions,
        parts.storage,
        parts.clock,
        longest_upload=timedelta(seconds=settings.upload_timeout_seconds),
        longest_attempt=timedelta(seconds=2 * settings.extraction_timeout_seconds),
        token_lifetime=timedelta(seconds=settings.session_seconds),
        audit_days=settings.audit_retention_days,
    )


def _replace_lost_zips(settings: VideoSettings, parts: Parts) -> ReplaceLostZips:
    beside = settings.storage_dir is not None
    return ReplaceLostZips(parts.transactions, parts.storage, parts.queue, parts.live, parts.clock, beside=beside)
