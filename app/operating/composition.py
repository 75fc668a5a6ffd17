"""What the commands beside a service are put together from, without what only videos, mails and the API need.

It is apart from ``app.bootstrap`` since a person waits for each command: loading all that takes longer than to do it.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog

from app.infra.mail_address import IdnaMailAddresses
from app.infra.redis.ended_sessions import RedisEndedSessions
from app.infra.redis.live import RedisLiveStatus
from app.infra.redis.queue import ArqJobQueue
from app.infra.redis.stream import connect
from app.infra.redis.subscriber import Subscriber
from app.infra.sql.clock import DatabaseClock
from app.infra.sql.engine import engine_for
from app.infra.sql.revisions import wait_for_schema
from app.infra.sql.transactions import SqlTransactions
from app.settings import VideoSettings
from app.usecases.catalogue import OperatorUseCases
from app.usecases.release_processing import ReleaseProcessing
from app.wiring import operator_use_cases

log = structlog.get_logger(__name__)


@asynccontextmanager
async def compose_operators(settings: VideoSettings) -> AsyncIterator[OperatorUseCases]:
    """Open what an operator's command needs; Redis may be away, and what it would be told is found by the sweep.

    :raises DatabaseUnavailable: where there is no database, or its tables are not those of this version
    """
    await wait_for_schema(settings.database_url, 0)
    async with AsyncExitStack() as exits:
        engine = engine_for(settings.database_url)
        exits.push_async_callback(engine.dispose)
        clock, transactions = DatabaseClock(engine), SqlTransactions(engine)
        await clock.synchronise()
        redis = connect(settings.redis_url)
        exits.push_async_callback(redis.aclose)
        subscriber = Subscriber(redis.connection_pool)  # Who only publishes needs none that runs.
        lifetime = timedelta(seconds=settings.session_seconds)
        yield operator_use_cases(
            settings,
            transactions,
            ArqJobQueue(redis),
            RedisLiveStatus(redis, subscriber),
            clock,
            RedisEndedSessions(redis, subscriber, transactions, clock, lifetime),
            IdnaMailAddresses(),
        )


async def release_abandoned(database_url: str) -> None:
    """Release what workers held that no longer live; raises ``DatabaseUnavailable``."""
    engine = engine_for(database_url)
    try:
        clock = DatabaseClock(engine)
        await clock.forget()
        await clock.synchronise()
        if released := await ReleaseProcessing(SqlTransactions(engine), clock).all_abandoned():
            log.info("what workers of before held is released", count=released)
    finally:
        await engine.dispose()
