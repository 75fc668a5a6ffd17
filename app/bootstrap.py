"""The composition root: the one place that says which adapters are used together."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import uuid4

import structlog
from redis.exceptions import RedisError

from app.domain.errors import StorageError
from app.domain.retention import Retention
from app.infra.attempt_reports import WorkerReports
from app.infra.export_reports import LoggedExports
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.program import try_out
from app.infra.ffmpeg.renderings import FfmpegFramesRenderer
from app.infra.frame_indexes import StoredFrameIndexes
from app.infra.frame_links import HmacFrameLinks
from app.infra.import_reports import LoggedImports
from app.infra.links import PresignedLinks, PresignedParts, TicketLinks, content_disposition
from app.infra.mail import SmtpMailer
from app.infra.mail_address import IdnaMailAddresses
from app.infra.monitoring import BacklogEverywhere, Readiness
from app.infra.passwords import Argon2PasswordHasher
from app.infra.periodic import periodically, until_closed, until_it_works
from app.infra.redis.ended_sessions import RedisEndedSessions
from app.infra.redis.live import RedisLiveImports, RedisLiveStatus
from app.infra.redis.queue import ArqJobQueue
from app.infra.redis.rate_limits import CountedAttempts
from app.infra.redis.stream import StreamRedis, connect
from app.infra.redis.subscriber import Subscriber
from app.infra.s3.client import client_of
from app.infra.s3.disk import Disk, Durable, FileSystem, Flushed, at_once, endless
from app.infra.s3.sources import BucketSources, LinkSources
from app.infra.s3.storage import RETRY_SECONDS, S3Storage
from app.infra.secret_tokens import HmacLinkTokens, HmacRefreshTokens
from app.infra.sql.clock import DatabaseClock
from app.infra.sql.engine import READ_SECONDS, close_engine, engine_for
from app.infra.sql.transactions import SqlTransactions
from app.infra.storyboard_links import HmacStoryboardLinks
from app.infra.tokens import JwtAccessTokens
from app.infra.web_sources import WebSources
from app.infra.webhook import HttpWebhooks
from app.infra.worker_metrics import WorkerMetrics
from app.infra.workspace import Workspace
from app.infra.zip import StoredZip
from app.infra.zip_of_folders import StoredZips
from app.infra.zip_of_selection import SelectedZips
from app.server.services import Services
from app.settings import ControlSettings, Settings, SigningSettings, VideoSettings
from app.usecases.attempt_video import AttemptVideo
from app.usecases.catalogue import ControlUseCases
from app.usecases.examine_service import ExamineService
from app.usecases.make_export import MakeExport
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.mend_service import MendService
from app.usecases.ports.clock import Clock
from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.rate_limits import RateLimitKey, RateLimits
from app.usecases.ports.sessions import EndedSessions
from app.usecases.ports.tokens import PasswordHasher
from app.usecases.ports.transactions import Transactions
from app.usecases.sweep_due_videos import SweepDueVideos
from app.usecases.worker_health import WorkerHealth
from app.wiring import (
    ControlParts,
    DecodingParts,
    IdentityParts,
    Parts,
    attempt_video,
    control_use_cases,
    doctor,
    make_export,
    user_use_cases,
)

log = structlog.get_logger(__name__)

Step = tuple[str, Callable[[], Awaitable[object]]]
"""Something to be done, by the name of what it needs."""

_ATTEMPT_RETRY_SECONDS: Final = 30.0
"""So long a worker tries one request of the storage again, for which its attempt would otherwise begin anew."""
_ANSWER_SECONDS: Final = 5.0
"""A part that says nothing for so long at the start is away: who starts must hear when it is told to end."""
_AWAY_SECONDS: Final = 2.0
"""So often a part that was away at the start is tried again, until it comes."""
_ENDED_SECONDS: Final = 5.0
"""How late a session's end may become known while Redis is away."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the API's edges are handed, and what lies behind it."""

    services: Services
    redis: StreamRedis
    transactions: Transactions


@dataclass(frozen=True, slots=True)
class Work:
    """What the workers are handed, and their queues' connection; ``control`` where there is all that it needs."""

    attempt_video: AttemptVideo
    make_export: MakeExport
    control: ControlUseCases | None
    redis: StreamRedis
    metrics: WorkerMetrics


@dataclass(frozen=True, slots=True)
class _Opened:
    """What every process has open, and what of it only we know."""

    parts: Parts
    transactions: SqlTransactions
    storage: S3Storage
    clock: DatabaseClock
    redis: StreamRedis
    subscriber: Subscriber
    disk: Disk | None


@asynccontextmanager
async def compose(settings: Settings) -> AsyncIterator[Service]:
    """Open what the API needs, run what it does again and again, and close all in the end.

    Redis may be away at the start; a database or a storage that is away shows in ``services.ready``.
    """
    async with _opened(settings) as opened, AsyncExitStack() as exits:
        parts, redis, transactions = opened.parts, opened.redis, opened.transactions
        ended = RedisEndedSessions(
            redis, opened.subscriber, transactions, parts.clock, timedelta(seconds=settings.session_seconds)
        )
        exits.push_async_callback(ended.aclose)
        passwords = Argon2PasswordHasher(threads=settings.password_threads)
        exits.push_async_callback(passwords.aclose)
        limits = CountedAttempts(redis.connection_pool, _rates(settings))
        await _settle_in(exits, [("database, for the sessions that ended", ended.read_again)])
        _again_and_again(exits, "ended sessions", ended.read_again, _ENDED_SECONDS)
        identity = _identity(settings, parts.clock, passwords, ended, limits)
        yield Service(_services(settings, opened, identity), redis, transactions)


@asynccontextmanager
async def compose_worker(settings: VideoSettings, executable: str | None = None) -> AsyncIterator[Work]:
    """Open what a worker needs, as ``compose`` does; control work where these settings are a control worker's.

    ``executable`` is the ffmpeg that decodes; only who decodes needs one.
    """
    # Whoever holds a lease must hear in good time that a connection is dead: there is another try before it runs out.
    async with (
        AsyncExitStack() as exits,
        _opened(settings, settings.lease_seconds / 2, _ATTEMPT_RETRY_SECONDS) as opened,
    ):
        parts, metrics = opened.parts, WorkerMetrics()
        health = WorkerHealth(f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}")
        metrics.tell_of(health)
        limits, workspaces = Limits.of(settings), Workspace(settings.work_dir)
        extractor = FfmpegFrameExtractor(limits, executable)
        decoding = DecodingParts(
            extractor=extractor,
            workspaces=workspaces,
            new_zip=StoredZip,
            reports=WorkerReports(metrics),
            health=health,
            try_decoder=partial(try_out, executable, extractor, limits, workspaces),
        )
        control = None
        if isinstance(settings, ControlSettings):
            control = control_use_cases(settings, parts, _control_parts(exits, settings, opened.redis))
        render = FfmpegFramesRenderer(limits, executable, workspaces)
        exporting = make_export(settings, parts, StoredFrameIndexes(parts.storage), render, LoggedExports())
        yield Work(attempt_video(settings, parts, decoding), exporting, control, opened.redis, metrics)


@asynccontextmanager
async def compose_doctor(settings: VideoSettings) -> AsyncIterator[tuple[ExamineService, MendService]]:
    """Open what looks at a service and mends it; nothing is done by itself meanwhile.

    :raises DatabaseUnavailable: where the database is away
    """
    async with AsyncExitStack() as exits:
        opened = await _open(exits, settings)
        await opened.clock.synchronise()
        yield doctor(settings, opened.parts)


@asynccontextmanager
async def _opened(
    settings: VideoSettings, read_seconds: float = READ_SECONDS, retry_seconds: float = RETRY_SECONDS
) -> AsyncIterator[_Opened]:
    async with AsyncExitStack() as exits:
        opened = await _open(exits, settings, read_seconds, retry_seconds)
        parts, clock, redis = opened.parts, opened.clock, opened.redis
        await _settle_in(
            exits, [("storage", opened.storage.ensure_bucket), ("database", clock.synchronise), ("redis", redis.ping)]
        )
        sweep = SweepDueVideos(parts.transactions, parts.queue, clock)
        _again_and_again(exits, "sweep", sweep, settings.sweep_seconds)
        _again_and_again(exits, "clock", clock.synchronise, 60.0)
        _again_and_again(exits, "redis", redis.ping, 60.0)  # What is away for long is said more than once.
        yield opened


async def _open(
    exits: AsyncExitStack,
    settings: VideoSettings,
    read_seconds: float = READ_SECONDS,
    retry_seconds: float = RETRY_SECONDS,
) -> _Opened:
    """Open the stores, of which none need answer yet."""
    engine = engine_for(settings.database_url, connections=settings.database_connections, read_seconds=read_seconds)
    exits.push_async_callback(close_engine, engine)
    clock, transactions = DatabaseClock(engine), SqlTransactions(engine)
    disk, durable = _disk(exits, settings)
    storage = S3Storage(
        client_of(settings, settings.s3_url, threads=settings.storage_threads),
        settings.s3_bucket,
        region=settings.s3_region,
        threads=settings.storage_threads,
        retry_seconds=retry_seconds,
        space=disk.space if disk else endless,
        durable=durable,
    )
    exits.push_async_callback(storage.aclose)
    redis = connect(settings.redis_url)
    exits.push_async_callback(redis.aclose)
    queue = ArqJobQueue(redis)
    subscriber = await exits.enter_async_context(Subscriber(redis.connection_pool))
    parts = Parts(
        transactions=transactions,
        storage=storage,
        queue=queue,
        live=RedisLiveStatus(redis, subscriber),
        live_imports=RedisLiveImports(redis, subscriber),
        clock=clock,
    )
    return _Opened(parts, transactions, storage, clock, redis, subscriber, disk)


def _disk(exits: AsyncExitStack, settings: VideoSettings) -> tuple[Disk | None, Durable]:
    """Return the disk under the storage, where it is one of this machine, and how what is stored is kept on it."""
    if settings.storage_dir is None:
        return None, at_once
    file_system = FileSystem(settings.storage_dir)
    exits.callback(file_system.close)
    return Disk(settings.storage_dir, settings.disk_reserve_bytes), Flushed(file_system.flush)


def _again_and_again(exits: AsyncExitStack, name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    until_closed(exits, periodically(name, step, seconds))


def _identity(
    settings: Settings, clock: Clock, passwords: PasswordHasher, ended: EndedSessions, limits: RateLimits
) -> IdentityParts:
    key, *former_keys = _keys(settings)
    return IdentityParts(
        passwords=passwords,
        tokens=JwtAccessTokens(key, clock=clock, lifetime_seconds=settings.session_seconds, former_keys=former_keys),
        refresh_tokens=HmacRefreshTokens(key, *former_keys),
        reset_tokens=_reset_tokens(settings),
        verification_tokens=_verification_tokens(settings),
        ended=ended,
        limits=limits,
        addresses=IdnaMailAddresses(),
    )


def _services(settings: Settings, opened: _Opened, identity: IdentityParts) -> Services:
    parts, public_url, lifetime = opened.parts, settings.s3_public_url, settings.link_seconds
    secret = settings.link_secret.get_secret_value()
    tickets = TicketLinks(secret, lifetime_seconds=lifetime, public_url=settings.public_url)
    links = (
        PresignedLinks(client_of(settings, public_url), settings.s3_bucket, lifetime_seconds=lifetime)
        if public_url
        else None
    )
    part_links = (
        PresignedParts(client_of(settings, settings.upload_url), settings.s3_bucket, lifetime_seconds=lifetime)
        if settings.upload_url
        else None
    )
    frame_indexes = StoredFrameIndexes(parts.storage)
    return Services(
        do=user_use_cases(settings, parts, identity, frame_indexes, part_links),
        tokens=identity.tokens,
        ended_sessions=identity.ended,
        links=links or tickets,
        tickets=None if links else tickets,
        frame_links=HmacFrameLinks(secret, lifetime_seconds=lifetime, public_url=settings.public_url),
        storyboard_links=HmacStoryboardLinks(secret, lifetime_seconds=lifetime, public_url=settings.public_url),
        own_links=tickets,
        own_tickets=tickets,
        storage=parts.storage,
        archives=StoredZips(parts.storage),
        selections=SelectedZips(parts.storage, frame_indexes),
        clock=parts.clock,
        retention=Retention(settings.retention_days),
        content_disposition=content_disposition,
        ready=Readiness(opened.transactions, opened.redis, opened.disk.has_room if opened.disk else None),
        backlog=BacklogEverywhere(MeasureBacklog(opened.transactions, parts.clock), opened.redis),
    )


def _control_parts(exits: AsyncExitStack, settings: ControlSettings, redis: StreamRedis) -> ControlParts:
    slots = settings.import_slots
    buckets = BucketSources(client_of(settings, settings.s3_url, threads=slots), threads=slots)
    exits.push_async_callback(buckets.aclose)
    web = WebSources(loopback=settings.import_loopback, denied=settings.webhook_denied_networks)
    return ControlParts(
        sources=LinkSources(web, buckets),
        import_reports=LoggedImports(),
        mailer=SmtpMailer(settings.smtp_url, settings.mail_from),
        webhooks=HttpWebhooks(loopback=settings.webhook_loopback, denied=settings.webhook_denied_networks),
        reset_tokens=_reset_tokens(settings),
        verification_tokens=_verification_tokens(settings),
        limits=CountedAttempts(redis.connection_pool, _rates(settings)),
    )


def _keys(settings: SigningSettings) -> list[str]:
    """Return the secret that signs, then those of former days."""
    return [key.get_secret_value() for key in (settings.jwt_secret, *settings.jwt_former_secrets)]


def _reset_tokens(settings: SigningSettings) -> HmacLinkTokens:
    return HmacLinkTokens("password resets", *_keys(settings))


def _verification_tokens(settings: SigningSettings) -> HmacLinkTokens:
    return HmacLinkTokens("email verifications", *_keys(settings))


def _rates(settings: VideoSettings) -> Mapping[RateLimitKey, str]:
    """Return what each is limited to: a key of what by whom goes by the setting of that name."""
    rates = {}
    for key in RateLimitKey:
        # Who tries a password in a session could as well sign in.
        counted = RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS if key is RateLimitKey.PASSWORD_BY_SESSION else key
        rates[key] = getattr(settings, counted.name.lower().replace("_by_", "_rate_per_"))
    return rates


async def _settle_in(exits: AsyncExitStack, steps: Sequence[Step]) -> None:
    """Do what is best done once at the start; what cannot be done because its part is away is tried until it works.

    What needs such a part says so when it is asked; the process serves what it can.
    """
    for name, step in steps:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await step()
        except (StorageError, DatabaseUnavailable, RedisError, OSError) as error:  # A TimeoutError is one.
            log.warning("a part is away at the start, it is tried again", part=name, fault=repr(error))
            until_closed(exits, until_it_works(name, step, _AWAY_SECONDS))
