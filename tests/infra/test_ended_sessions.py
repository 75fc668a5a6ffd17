"""Word of ended sessions: by a real Valkey at once, by the database later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.domain.session import SessionId
from app.domain.user import UserId
from app.infra.redis.ended_sessions import RedisEndedSessions
from app.infra.redis.live import RedisLiveStatus
from app.infra.redis.stream import connect
from app.infra.redis.subscriber import Subscriber
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.transactions import SqlTransactions
from tests.fakes.clock import SettableClock
from tests.parts.waiting import until


@pytest.fixture
async def transactions(tmp_path: Path) -> AsyncIterator[SqlTransactions]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'fiapx.db'}"
    await migrate(url)
    engine = engine_for(url)
    yield SqlTransactions(engine)
    await engine.dispose()


@asynccontextmanager
async def process(url: str, transactions: SqlTransactions, clock: SettableClock) -> AsyncIterator[RedisEndedSessions]:
    """One of several processes; it is ready once it hears what is announced."""
    async with AsyncExitStack() as exits:
        redis = connect(url)
        exits.push_async_callback(redis.aclose)
        subscriber = await exits.enter_async_context(Subscriber(redis.connection_pool))
        ended = RedisEndedSessions(redis, subscriber, transactions, clock, timedelta(hours=1))
        exits.push_async_callback(ended.aclose)
        if "//127.0.0.1:1/" not in url:
            await until(lambda: subscriber.confirmed("fiapx:sessions:ended"))
        yield ended


def new_id() -> SessionId:
    return SessionId(str(uuid4()))


async def test_every_process_learns_at_once_and_wakes_who_waits(redis_url: str, transactions: SqlTransactions):
    clock, session = SettableClock(), new_id()
    async with process(redis_url, transactions, clock) as one, process(redis_url, transactions, clock) as other:
        waiting = [asyncio.create_task(other.wait(session)) for _ in range(3)]
        await one.announce([session, new_id()])
        assert one.ended(session)
        async with asyncio.timeout(1):
            await asyncio.gather(*waiting)
        assert other.ended(session)
        assert not other.ended(new_id())


async def test_ended_sessions_are_read_from_the_database_while_redis_is_away(transactions: SqlTransactions):
    clock, session = SettableClock(), new_id()
    async with process("redis://127.0.0.1:1/0", transactions, clock) as ended:
        waiting = asyncio.create_task(ended.wait(session))
        await ended.announce([new_id()])
        await transactions.write(lambda t: t.sessions.end([session], clock.now()))
        await ended.read_again()
        async with asyncio.timeout(1):
            await waiting


async def test_ended_sessions_that_were_missed_are_read_after_a_reconnect(
    redis_url: str, transactions: SqlTransactions
):
    clock, session = SettableClock(), new_id()
    await transactions.write(lambda t: t.sessions.end([session], clock.now()))
    async with process(redis_url, transactions, clock) as ended:
        await until(lambda: ended.ended(session))


async def test_a_session_end_that_was_committed_late_is_still_seen(transactions: SqlTransactions):
    clock, session = SettableClock(), new_id()
    async with process("redis://127.0.0.1:1/0", transactions, clock) as ended:
        began = clock.now()
        clock.advance(20)
        await ended.read_again()
        await transactions.write(lambda t: t.sessions.end([session], began))
        await ended.read_again()
        assert ended.ended(session)


async def test_what_no_token_can_name_any_more_is_forgotten(redis_url: str, transactions: SqlTransactions):
    clock, session = SettableClock(), new_id()
    async with process(redis_url, transactions, clock) as ended:
        await transactions.write(lambda t: t.sessions.end([session], clock.now()))
        await ended.read_again()
        clock.advance(3600)
        await ended.read_again()
        assert ended.ended(session)
        clock.advance(61)
        await ended.read_again()
        assert not ended.ended(session)


@pytest.mark.parametrize("message", [b"", b"{", b"7", b"[[]]"])
async def test_a_malformed_message_is_ignored(redis_url: str, transactions: SqlTransactions, message: bytes):
    clock, session = SettableClock(), new_id()
    async with process(redis_url, transactions, clock) as one, process(redis_url, transactions, clock) as other:
        redis = connect(redis_url)
        await redis.publish("fiapx:sessions:ended", message)
        await one.announce([session])
        await until(lambda: other.ended(session))
        await redis.aclose()


async def test_live_status_and_ended_sessions_share_one_connection(redis_url: str, transactions: SqlTransactions):
    async with AsyncExitStack() as exits:
        redis = connect(redis_url)
        exits.push_async_callback(redis.aclose)
        before = len(await redis.client_list(_type="pubsub"))
        subscriber = await exits.enter_async_context(Subscriber(redis.connection_pool))
        RedisEndedSessions(redis, subscriber, transactions, SettableClock(), timedelta(hours=1))
        live = RedisLiveStatus(redis, subscriber)
        for _ in range(3):
            await exits.enter_async_context(live.watch(UserId(new_id())))
        await until(lambda: subscriber.confirmed("fiapx:sessions:ended"))
        assert len(await redis.client_list(_type="pubsub")) == before + 1
