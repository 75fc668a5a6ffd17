"""The composition root: the one place that says which adapters are used together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from app.domain.container import ACCEPTED_EXTENSIONS
from app.domain.errors import StorageError
from app.domain.retention import Retention
from app.infra.attempt_reports import WorkerReports
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from app.infra.links import PresignedLinks, TicketLinks, content_disposition
from app.infra.mail import SmtpMailer
from app.infra.mail_address import IdnaMailAddresses
from app.infra.monitoring import BacklogEverywhere, Readiness
from app.infra.passwords import Argon2PasswordHasher
from app.infra.periodic import periodically, until_it_works
from app.infra.redis.ended_sessions import RedisEndedSessions
from app.infra.redis.live import RedisLiveStatus
from app.infra.redis.queue import ArqJobQueue
from app.infra.redis.rate_limits import CountedAttempts
from app.infra.redis.stream import StreamRedis, connect
from app.infra.redis.subscriber import Subscriber
from app.infra.s3.client import s3_client
from app.infra.s3.disk import Disk, endless
from app.infra.s3.storage import S3Storage
from app.infra.secret_tokens import HmacLinkTokens, HmacRefreshTokens
from app.infra.sql.clock import DatabaseClock
from app.infra.sql.engine import engine_for
from app.infra.sql.transactions import SqlTransactions
from app.infra.tokens import JwtAccessTokens
from app.infra.webhook import HttpWebhooks
from app.infra.worker_metrics import WorkerMetrics
from app.infra.workspace import Workspace
from app.infra.zip import StoredZip
from app.server.edge import Edge, ServiceLimits
from app.settings import ControlSettings, Settings, SigningSettings, VideoSettings
from app.usecases.accounts import AccountParts, AccountUseCases
from app.usecases.attempt_video import AttemptVideo
from app.usecases.cancel_video import CancelVideo
from app.usecases.catalogue import ControlUseCases, NotificationUseCases, UseCases
from app.usecases.check_upload import CheckUpload
from app.usecases.delete_video import DeleteVideo
from app.usecases.deliver_notifications import DeliverNotifications
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.expire_videos import ExpireVideos
from app.usecases.export_my_data import ExportMyData
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.hold_lease import HoldLease
from app.usecases.keep_house import KeepHouse
from app.usecases.limit_deliveries import LimitDeliveries
from app.usecases.list_user_videos import CountUserVideos, ListUserVideos, ShowHistories, ShowVideo
from app.usecases.mark_processing_completed import MarkProcessingCompleted
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.notification_log import ListNotifications, RedeliverNotification, SendTestWebhook
from app.usecases.notification_settings import RotateWebhookSecret, UpdateNotificationSettings
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.live_status import LiveStatus
from app.usecases.ports.queue import JobQueue
from app.usecases.ports.rate_limits import Attempt, RateLimits
from app.usecases.ports.storage import ObjectStorage
from app.usecases.ports.transactions import Transactions
from app.usecases.process_video_frames import ProcessVideoFrames
from app.usecases.quota import CountStoredBytes, Quota, StoredInAll
from app.usecases.release_processing import ReleaseProcessing
from app.usecases.remove_objects import RemoveObjects
from app.usecases.reprocess_video import ReprocessVideo
from app.usecases.start_video_processing_job import StartVideoProcessingJob
from app.usecases.sweep_due_videos import SweepDueVideos
from app.usecases.tell_rejection import TellRejection
from app.usecases.upload_video import UploadVideo
from app.usecases.verify_email import HasVideosFromBefore, RemoveVideosFromBefore
from app.usecases.watch_video_status import WatchVideoStatus
from app.usecases.write_mail import WriteMail

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = structlog.get_logger(__name__)

Step = tuple[str, Callable[[], Awaitable[object]]]
"""Something to be done, by the name of what it needs."""

_AWAY_SECONDS: Final = 2.0
"""So often a part that was away at the start is tried again, until it comes."""
_ENDED_SECONDS: Final = 5.0
"""How late a session's end may become known while Redis is away."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the API's edges are handed, and what lies behind it."""

    edge: Edge
    redis: StreamRedis
    transactions: Transactions


@dataclass(frozen=True, slots=True)
class Work:
    """What the workers are handed, and their queues' connection; ``control`` where there is all that it needs."""

    attempt_video: AttemptVideo
    control: ControlUseCases | None
    redis: StreamRedis
    metrics: WorkerMetrics


@dataclass(frozen=True, slots=True)
class _Parts:
    """What every process has open."""

    transactions: SqlTransactions
    storage: S3Storage
    redis: StreamRedis
    subscriber: Subscriber
    queue: ArqJobQueue
    live: RedisLiveStatus
    clock: DatabaseClock


@asynccontextmanager
async def compose(settings: Settings) -> AsyncIterator[Service]:
    """Open what the API needs, run what it does again and again, and close all in the end.

    Redis may be away at the start; a database or a storage that is away shows in ``edge.ready``.
    """
    async with _opened(settings) as parts, AsyncExitStack() as exits:
        transactions, clock = parts.transactions, parts.clock
        ended = RedisEndedSessions(
            parts.redis, parts.subscriber, transactions, clock, timedelta(seconds=settings.session_seconds)
        )
        exits.push_async_callback(ended.aclose)
        passwords = Argon2PasswordHasher(threads=settings.password_threads)
        exits.push_async_callback(passwords.aclose)
        key, *former_keys = _keys(settings)
        tokens = JwtAccessTokens(key, clock=clock, lifetime_seconds=settings.session_seconds, former_keys=former_keys)
        limits = CountedAttempts(parts.redis.connection_pool, _rates(settings))
        accounts = AccountParts(
            transactions=transactions,
            queue=parts.queue,
            clock=clock,
            passwords=passwords,
            tokens=tokens,
            refresh_tokens=HmacRefreshTokens(key, *former_keys),
            reset_tokens=HmacLinkTokens("password resets", key, *former_keys),
            verification_tokens=HmacLinkTokens("email verifications", key, *former_keys),
            ended=ended,
            limits=limits,
            addresses=IdnaMailAddresses(),
            refresh_lifetime=timedelta(seconds=settings.refresh_seconds),
            longest_session=timedelta(seconds=settings.longest_session_seconds),
            refresh_grace=timedelta(seconds=settings.refresh_grace_seconds),
            reset_lifetime=timedelta(seconds=settings.reset_seconds),
            verify_email=settings.verify_email,
            verification_lifetime=timedelta(seconds=settings.verification_seconds),
        )
        do = _for_users(
            settings, transactions, parts.storage, parts.queue, parts.live, clock, limits, accounts.use_cases()
        )
        tickets = TicketLinks(
            settings.link_secret.get_secret_value(),
            lifetime_seconds=settings.link_seconds,
            public_url=settings.public_url,
        )
        edge = Edge(
            do=do,
            tokens=tokens,
            ended_sessions=ended,
            links=_presigned(settings, settings.s3_public_url) if settings.s3_public_url else tickets,
            tickets=None if settings.s3_public_url else tickets,
            storage=parts.storage,
            clock=clock,
            limits=_limits(settings),
            retention=Retention(settings.retention_days),
            content_disposition=content_disposition,
            ready=Readiness(transactions, parts.redis),
            backlog=BacklogEverywhere(MeasureBacklog(transactions, clock), parts.redis),
        )
        await _settle_in(exits, [("database, for the sessions that ended", ended.read_again)])
        _again_and_again(exits, "ended sessions", ended.read_again, _ENDED_SECONDS)
        yield Service(edge, parts.redis, transactions)


@asynccontextmanager
async def compose_worker(settings: VideoSettings) -> AsyncIterator[Work]:
    """Open what a worker needs, as ``compose`` does; control work where these settings are a control worker's."""
    async with _opened(settings) as parts:
        control = _control(settings, parts) if isinstance(settings, ControlSettings) else None
        metrics = WorkerMetrics()
        yield Work(_attempt_video(settings, parts, metrics), control, parts.redis, metrics)


@asynccontextmanager
async def _opened(settings: VideoSettings) -> AsyncIterator[_Parts]:
    async with AsyncExitStack() as exits:
        engine = engine_for(settings.database_url, connections=settings.database_connections)
        exits.push_async_callback(engine.dispose)
        clock, transactions = DatabaseClock(engine), SqlTransactions(engine)
        storage = S3Storage(
            _s3(settings, settings.s3_url),
            settings.s3_bucket,
            region=settings.s3_region,
            threads=settings.storage_threads,
            space=Disk(settings.storage_dir, settings.disk_reserve_bytes).space if settings.storage_dir else endless,
        )
        exits.push_async_callback(storage.aclose)
        redis = connect(settings.redis_url)
        exits.push_async_callback(redis.aclose)
        queue = ArqJobQueue(redis)
        subscriber = await exits.enter_async_context(Subscriber(redis.connection_pool))
        live = await exits.enter_async_context(RedisLiveStatus(redis, subscriber))
        await _settle_in(
            exits, [("storage", storage.ensure_bucket), ("database", clock.synchronise), ("redis", redis.ping)]
        )
        sweep = SweepDueVideos(transactions, queue, clock)
        _again_and_again(exits, "sweep", sweep, settings.sweep_seconds)
        _again_and_again(exits, "clock", clock.synchronise, 60.0)
        _again_and_again(exits, "redis", redis.ping, 60.0)  # What is away for long is said more than once.
        yield _Parts(transactions, storage, redis, subscriber, queue, live, clock)


def _again_and_again(exits: AsyncExitStack, name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    exits.callback(asyncio.create_task(periodically(name, step, seconds)).cancel)


def _for_users(
    settings: Settings,
    transactions: Transactions,
    storage: ObjectStorage,
    queue: JobQueue,
    live: LiveStatus,
    clock: Clock,
    limits: RateLimits,
    accounts: AccountUseCases,
) -> UseCases:
    quota = Quota(settings.max_active_videos_per_user, settings.max_stored_bytes_per_user)
    retention = Retention(settings.retention_days)
    in_all = StoredInAll(transactions, clock, settings.max_stored_bytes)
    largest = min(settings.max_file_bytes, settings.max_inline_upload_bytes)
    delete_video = DeleteVideo(transactions, queue, live, clock)
    rejection = TellRejection(transactions, queue, clock, limits)
    return UseCases(
        accounts=accounts,
        notifications=NotificationUseCases(
            update_settings=UpdateNotificationSettings(transactions, clock, settings.webhook_loopback),
            rotate_webhook_secret=RotateWebhookSecret(transactions, clock),
            send_test_webhook=SendTestWebhook(transactions, queue, clock, limits),
            list_notifications=ListNotifications(transactions),
            redeliver=RedeliverNotification(transactions, queue, clock, limits),
        ),
        export_my_data=ExportMyData(transactions, storage, clock, limits),
        check_upload=CheckUpload(transactions, clock, quota, in_all, largest),
        upload_video=UploadVideo(transactions, storage, queue, live, clock, quota, in_all, rejection, largest),
        list_user_videos=ListUserVideos(transactions),
        count_user_videos=CountUserVideos(transactions),
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


def _attempt_video(settings: VideoSettings, parts: _Parts, metrics: WorkerMetrics) -> AttemptVideo:
    transactions, queue, live, clock = parts.transactions, parts.queue, parts.live, parts.clock
    lease, beat = timedelta(seconds=settings.lease_seconds), timedelta(seconds=settings.beat_seconds)
    mark_failed = MarkProcessingFailed(transactions, queue, live, clock)
    return AttemptVideo(
        start_video_processing_job=StartVideoProcessingJob(
            transactions, mark_failed, live, clock, lease, settings.max_lost_attempts
        ),
        hold_lease=HoldLease(transactions, live, clock, lease, beat),
        process_video_frames=ProcessVideoFrames(
            parts.storage, FfmpegFrameExtractor(Limits.of(settings)), Workspace(settings.work_dir)
        ),
        generate_zip_file=GenerateZipFile(
            parts.storage, StoredZip, settings.max_output_bytes, settings.max_output_ratio
        ),
        mark_processing_completed=MarkProcessingCompleted(transactions, queue, live, clock),
        mark_processing_failed=mark_failed,
        release_processing=ReleaseProcessing(transactions, clock),
        reports=WorkerReports(metrics),
        clock=clock,
        max_faults=settings.max_faults,
    )


def _control(settings: ControlSettings, parts: _Parts) -> ControlUseCases:
    transactions, storage, clock = parts.transactions, parts.storage, parts.clock
    return ControlUseCases(
        deliver_notifications=DeliverNotifications(
            transactions,
            SmtpMailer(settings.smtp_url, settings.mail_from),
            HttpWebhooks(
                loopback=settings.webhook_loopback,
                denied=settings.webhook_denied_networks,
                whole_seconds=settings.webhook_seconds,
            ),
            WriteMail(
                HmacLinkTokens("password resets", *_keys(settings)),
                HmacLinkTokens("email verifications", *_keys(settings)),
                clock,
                settings.public_url or f"http://{settings.host}:{settings.port}",
            ),
            LimitDeliveries(CountedAttempts(parts.redis.connection_pool, _delivery_rates(settings)), clock),
            clock,
        ),
        remove_objects=RemoveObjects(transactions, storage, clock),
        keep_house=KeepHouse(
            transactions,
            storage,
            clock,
            longest_upload=timedelta(seconds=settings.upload_timeout_seconds),
            token_lifetime=timedelta(seconds=settings.session_seconds),
        ),
        expire_videos=ExpireVideos(transactions, parts.queue, parts.live, clock, Retention(settings.retention_days)),
        measure_backlog=MeasureBacklog(transactions, clock),
    )


def _s3(settings: VideoSettings, url: str) -> "S3Client":
    return s3_client(
        url,
        region=settings.s3_region,
        access_key=settings.s3_access_key.get_secret_value() if settings.s3_access_key else None,
        secret_key=settings.s3_secret_key.get_secret_value() if settings.s3_secret_key else None,
        threads=settings.storage_threads,
    )


def _presigned(settings: VideoSettings, public_url: str) -> PresignedLinks:
    return PresignedLinks(_s3(settings, public_url), settings.s3_bucket, lifetime_seconds=settings.link_seconds)


def _keys(settings: SigningSettings) -> list[str]:
    """Return the secret that signs, then those of former days."""
    return [key.get_secret_value() for key in (settings.jwt_secret, *settings.jwt_former_secrets)]


def _rates(settings: Settings) -> Mapping[Attempt, str]:
    return {
        Attempt.LOGIN_BY_ACCOUNT_AND_ADDRESS: settings.login_rate_per_account_and_address,
        Attempt.PASSWORD_BY_SESSION: settings.login_rate_per_account_and_address,
        Attempt.LOGIN_BY_ACCOUNT: settings.login_rate_per_account,
        Attempt.LOGIN_BY_ADDRESS: settings.login_rate_per_address,
        Attempt.REGISTER_BY_ADDRESS: settings.register_rate_per_address,
        Attempt.RESET_BY_ACCOUNT: settings.reset_rate_per_account,
        Attempt.VERIFICATION_BY_ACCOUNT: settings.verification_rate_per_account,
        Attempt.RESET_BY_ADDRESS: settings.reset_rate_per_address,
        Attempt.DELIVERY_BY_ACCOUNT: settings.delivery_rate_per_account,
        Attempt.REJECTION_BY_ACCOUNT: settings.rejection_rate_per_account,
        Attempt.EXPORT_BY_ACCOUNT: settings.export_rate_per_account,
    }


def _delivery_rates(settings: ControlSettings) -> Mapping[Attempt, str]:
    return {
        Attempt.MAIL_BY_RECIPIENT: settings.mail_rate_per_recipient,
        Attempt.ACCOUNT_MAIL_BY_RECIPIENT: settings.account_mail_rate_per_recipient,
        Attempt.UNVERIFIED_MAIL_BY_RECIPIENT: settings.unverified_mail_rate_per_recipient,
        Attempt.WEBHOOK_BY_ACCOUNT: settings.webhook_rate_per_account,
        Attempt.WEBHOOK_BY_HOST: settings.webhook_rate_per_host,
    }


def _limits(settings: Settings) -> ServiceLimits:
    return ServiceLimits(
        accepted_extensions=ACCEPTED_EXTENSIONS,
        max_file_bytes=settings.max_file_bytes,
        max_inline_upload_bytes=settings.max_inline_upload_bytes,
        max_duration_seconds=settings.max_duration_seconds,
        max_frames_per_video=settings.max_frames_per_video,
        max_active_videos_per_user=settings.max_active_videos_per_user,
        max_stored_bytes_per_user=settings.max_stored_bytes_per_user,
        max_stored_bytes=settings.max_stored_bytes,
    )


async def _settle_in(exits: AsyncExitStack, steps: Sequence[Step]) -> None:
    """Do what is best done once at the start; what cannot be done because its part is away is tried until it works.

    What needs such a part says so when it is asked; the process serves what it can.
    """
    for name, step in steps:
        try:
            await step()
        except (StorageError, DatabaseUnavailable, RedisError, OSError) as error:
            log.warning("a part is away at the start, it is tried again", part=name, fault=str(error))
            exits.callback(asyncio.create_task(until_it_works(name, step, _AWAY_SECONDS)).cancel)
