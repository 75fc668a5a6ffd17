"""What is put together with what: by a process from its adapters, by a test from its fakes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.domain.retention import Retention
from app.server.services import Services, Tickets
from app.settings import Settings, VideoSettings
from app.usecases.attempt_video import AttemptVideo
from app.usecases.authenticate_user import AuthenticateUser
from app.usecases.backlog_limit import BacklogLimit
from app.usecases.cancel_video import CancelVideo
from app.usecases.catalogue import AccountUseCases, ControlUseCases, NotificationUseCases, UseCases
from app.usecases.change_password import ChangePassword
from app.usecases.check_upload import CheckUpload
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.delete_account import DeleteAccount
from app.usecases.delete_video import DeleteVideo
from app.usecases.deliver_notifications import DeliverNotifications
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.expire_videos import ExpireVideos
from app.usecases.export_my_data import ExportMyData
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.hold_lease import HoldLease
from app.usecases.limit_deliveries import LimitDeliveries
from app.usecases.list_user_videos import ListUserVideos, ShowHistories, ShowVideo
from app.usecases.mark_processing_completed import MarkProcessingCompleted
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.notification_log import ListNotifications, RedeliverNotification, SendTestWebhook
from app.usecases.notification_settings import RotateWebhookSecret, UpdateNotificationSettings
from app.usecases.notify_rejection import NotifyRejection
from app.usecases.open_session import EndSession, OpenSession, RefreshSession
from app.usecases.ports.attempt_reports import AttemptReports
from app.usecases.ports.clock import Clock
from app.usecases.ports.download_links import DownloadLinks
from app.usecases.ports.ended_sessions import EndedSessions
from app.usecases.ports.frames import DecoderTrial, FrameExtractor
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.mail import Mailer
from app.usecases.ports.mail_addresses import MailAddresses
from app.usecases.ports.passwords import PasswordHasher
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import RateLimits
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.tokens import AccessTokens, LinkTokens, RefreshTokens
from app.usecases.ports.transactions import Transactions
from app.usecases.ports.webhooks import WebhookSender
from app.usecases.ports.workspaces import Workspaces
from app.usecases.ports.zip_encoder import ZipEncoder
from app.usecases.process_video_frames import ProcessVideoFrames
from app.usecases.profile import ShowViewer, UpdateProfile
from app.usecases.quota import CountStoredBytes, Quota, RoomLeft, StoredInAll
from app.usecases.register_user import RegisterUser
from app.usecases.release_processing import ReleaseProcessing
from app.usecases.remove_objects import RemoveObjects
from app.usecases.replace_lost_zips import ReplaceLostZips
from app.usecases.reprocess_video import ReprocessVideo
from app.usecases.reset_password import RequestPasswordReset, ResetPassword
from app.usecases.start_video_processing_job import StartVideoProcessingJob
from app.usecases.store_breaker import StoreBreaker
from app.usecases.upload_video import UploadVideo
from app.usecases.verify_email import HasVideosFromBefore, RemoveVideosFromBefore, ResendVerification, VerifyEmail
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
class ServiceParts:
    """What else the API answers with; ``Services`` says more of each."""

    links: DownloadLinks
    tickets: Tickets | None
    content_disposition: Callable[[str], str]
    ready: Callable[[], Awaitable[Mapping[str, bool]]]
    backlog: Callable[[], Awaitable[Mapping[str, float]]]


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
    """What a worker tells people with."""

    mailer: Mailer
    webhooks: WebhookSender
    reset_tokens: LinkTokens
    verification_tokens: LinkTokens
    limits: RateLimits


def services(settings: Settings, parts: Parts, identity: IdentityParts, others: ServiceParts) -> Services:
    """Return all that the API needs from inside."""
    return Services(
        do=user_use_cases(settings, parts, identity),
        tokens=identity.tokens,
        ended_sessions=identity.ended,
        links=others.links,
        tickets=others.tickets,
        storage=parts.storage,
        clock=parts.clock,
        content_disposition=others.content_disposition,
        ready=others.ready,
        backlog=others.backlog,
        retention=Retention(settings.retention_days),
    )


def user_use_cases(settings: Settings, parts: Parts, identity: IdentityParts) -> UseCases:
    """Compose all that a user may want done."""
    transactions, storage, queue = parts.transactions, parts.storage, parts.queue
    live, clock, limits = parts.live, parts.clock, identity.limits
    backlog = BacklogLimit(timedelta(seconds=settings.max_backlog_seconds), settings.max_backlog_bytes)
    quota = Quota(settings.max_active_videos_per_user, settings.max_stored_bytes_per_user, backlog)
    in_all = StoredInAll(transactions, clock, settings.max_stored_bytes)
    largest = min(settings.max_file_bytes, settings.max_inline_upload_bytes)
    retention = Retention(settings.retention_days)
    delete_video = DeleteVideo(transactions, queue, live, clock)
    rejection = NotifyRejection(transactions, queue, clock, limits)
    return UseCases(
        accounts=account_use_cases(settings, parts, identity),
        notifications=_notification_use_cases(settings, parts, limits),
        export_my_data=ExportMyData(transactions, storage, clock, limits),
        check_upload=CheckUpload(transactions, clock, quota, in_all, storage, largest),
        upload_video=UploadVideo(transactions, storage, queue, live, clock, quota, in_all, rejection, largest),
        list_user_videos=ListUserVideos(transactions),
        count_stored_bytes=CountStoredBytes(transactions, clock),
        show_video=ShowVideo(transactions),
        show_histories=ShowHistories(transactions),
        download_processed_zip=DownloadProcessedZip(transactions, clock, retention),
        cancel_video=CancelVideo(transactions, live, clock),
        delete_video=delete_video,
        reprocess_video=ReprocessVideo(transactions, queue, live, clock, quota, retention),
        watch_video_status=WatchVideoStatus(transactions, live, clock),
        has_videos_from_before=HasVideosFromBefore(transactions),
        remove_videos_from_before=RemoveVideosFromBefore(transactions, delete_video),
    )


def account_use_cases(settings: Settings, parts: Parts, identity: IdentityParts) -> AccountUseCases:
    """Compose all that a user may want done with their account."""
    transactions, queue, clock = parts.transactions, parts.queue, parts.clock
    passwords, ended, limits, addresses = identity.passwords, identity.ended, identity.limits, identity.addresses
    verification_lifetime = timedelta(seconds=settings.verification_seconds)
    session = OpenSession(
        identity.tokens,
        identity.refresh_tokens,
        clock,
        timedelta(seconds=settings.refresh_seconds),
        timedelta(seconds=settings.longest_session_seconds),
    )
    return AccountUseCases(
        register_user=RegisterUser(
            transactions, passwords, session, limits, addresses, settings.verify_email, verification_lifetime
        ),
        authenticate_user=AuthenticateUser(transactions, passwords, session, limits, addresses),
        refresh_session=RefreshSession(transactions, session, ended),
        end_session=EndSession(transactions, ended, clock),
        change_password=ChangePassword(transactions, passwords, session, ended, limits),
        request_password_reset=RequestPasswordReset(
            transactions, queue, clock, limits, addresses, timedelta(seconds=settings.reset_seconds)
        ),
        reset_password=ResetPassword(transactions, passwords, identity.reset_tokens, session, ended, limits, addresses),
        show_viewer=ShowViewer(transactions),
        update_profile=UpdateProfile(transactions, clock),
        delete_account=DeleteAccount(transactions, passwords, queue, ended, clock, limits),
        verify_email=VerifyEmail(transactions, identity.verification_tokens, clock),
        resend_verification=ResendVerification(transactions, queue, clock, limits, verification_lifetime),
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
            room_left=RoomLeft(transactions, clock, settings.max_stored_bytes_per_user),
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
        collect_garbage=CollectGarbage(
            transactions,
            storage,
            clock,
            longest_upload=timedelta(seconds=settings.upload_timeout_seconds),
            longest_attempt=timedelta(seconds=2 * settings.extraction_timeout_seconds),
            token_lifetime=timedelta(seconds=settings.session_seconds),
        ),
        expire_videos=ExpireVideos(transactions, parts.queue, parts.live, clock, Retention(settings.retention_days)),
        replace_lost_zips=ReplaceLostZips(
            transactions, storage, parts.queue, parts.live, clock, beside=settings.storage_dir is not None
        ),
        measure_backlog=MeasureBacklog(transactions, clock),
    )


def _notification_use_cases(settings: Settings, parts: Parts, limits: RateLimits) -> NotificationUseCases:
    transactions, queue, clock = parts.transactions, parts.queue, parts.clock
    return NotificationUseCases(
        update_settings=UpdateNotificationSettings(transactions, clock, settings.webhook_loopback),
        rotate_webhook_secret=RotateWebhookSecret(transactions, clock),
        send_test_webhook=SendTestWebhook(transactions, queue, clock, limits),
        list_notifications=ListNotifications(transactions),
        redeliver=RedeliverNotification(transactions, queue, clock, limits),
    )
