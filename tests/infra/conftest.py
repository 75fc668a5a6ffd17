"""Clients of the real parts that several files of this room ask."""

from collections.abc import AsyncIterator

import pytest

from app.infra.redis.stream import StreamRedis, connect


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[StreamRedis]:
    client = connect(redis_url)
    client.default_queue_name = "q"
    yield client
    await client.aclose()
