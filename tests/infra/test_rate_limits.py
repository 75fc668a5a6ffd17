"""Attempts counted in a real Valkey, and here alone while there is none."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.errors import RateLimited
from app.infra.redis.rate_limits import CountedAttempts
from app.infra.redis.stream import StreamRedis, connect
from app.usecases.ports.rate_limits import RateLimitKey

RATES = {
    RateLimitKey.LOGIN_BY_ACCOUNT: "3/15 minutes",
    RateLimitKey.LOGIN_BY_ADDRESS: "3/second",
    RateLimitKey.RESET_BY_ADDRESS: "1/hour",
}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[StreamRedis]:
    client = connect(redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


async def test_one_too_many_is_refused_and_told_when_to_come_back(redis: StreamRedis):
    limits = CountedAttempts(redis.connection_pool, RATES)
    for _ in range(3):
        await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    with pytest.raises(RateLimited) as refused:
        await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    assert 890 <= refused.value.retry_after_seconds <= 900
    await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, "bruno@example.com")
    await limits.spend(RateLimitKey.LOGIN_BY_ADDRESS, "ana@example.com")


async def test_all_processes_count_together(redis: StreamRedis):
    for _ in range(3):
        await CountedAttempts(redis.connection_pool, RATES).spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    with pytest.raises(RateLimited):
        await CountedAttempts(redis.connection_pool, RATES).spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")


async def test_looking_counts_nothing_and_what_is_forgiven_is_forgotten(redis: StreamRedis):
    limits, key = CountedAttempts(redis.connection_pool, RATES), "ana@example.com"
    for _ in range(4):
        await limits.check(RateLimitKey.LOGIN_BY_ACCOUNT, key)
    for _ in range(3):
        await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, key)
    with pytest.raises(RateLimited):
        await limits.check(RateLimitKey.LOGIN_BY_ACCOUNT, key)
    await CountedAttempts(redis.connection_pool, RATES).forgive(RateLimitKey.LOGIN_BY_ACCOUNT, key)
    await limits.check(RateLimitKey.LOGIN_BY_ACCOUNT, key)


async def test_neither_address_nor_account_can_be_read_in_redis(redis: StreamRedis):
    limits = CountedAttempts(redis.connection_pool, RATES)
    await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    keys = [key.decode() for key in await redis.keys("*")]
    assert len(keys) == 1
    assert keys[0].startswith("fiapx:rates")
    assert "ana" not in keys[0]
    assert 0 < await redis.ttl(keys[0]) <= 900


async def test_while_redis_is_away_each_process_counts_for_itself():
    redis = connect("redis://127.0.0.1:1/0")
    limits = CountedAttempts(redis.connection_pool, RATES)
    for _ in range(3):
        await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    with pytest.raises(RateLimited):
        await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    await limits.forgive(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    await limits.check(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    await redis.aclose()


async def test_a_redis_that_says_nothing_holds_nobody_up():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    redis = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    limits = CountedAttempts(redis.connection_pool, RATES)
    async with asyncio.timeout(2):
        await limits.spend(RateLimitKey.LOGIN_BY_ACCOUNT, "ana@example.com")
    await redis.aclose()
    server.close()


def test_a_rate_that_cannot_be_read_stops_the_start():
    with pytest.raises(ValueError, match="rate"):
        CountedAttempts(connect("redis://127.0.0.1:1/0").connection_pool, {RateLimitKey.LOGIN_BY_ACCOUNT: "often"})
