"""Clients of the real parts that several files of this room ask."""

from collections.abc import AsyncIterator, Mapping

import pytest

from app.infra.redis.stream import StreamRedis, connect
from app.infra.s3.storage import S3Storage
from tests.clips import ffmpeg
from tests.infra.buckets import storage_at
from tests.infra.structures import SHAPES
from tests.parts.receiver import Receiver, receiving
from tests.parts.stores import S3Part


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[StreamRedis]:
    client = connect(redis_url)
    client.default_queue_name = "q"
    yield client
    await client.aclose()


@pytest.fixture
async def storage(s3: S3Part, bucket: str) -> AsyncIterator[S3Storage]:
    storage = storage_at(s3.url, s3, bucket)
    yield storage
    await storage.aclose()


@pytest.fixture(scope="module")
def whole_films(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Two seconds with sound in each container."""
    folder = tmp_path_factory.mktemp("structure")
    made = {}
    for name, options in SHAPES.items():
        source = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2")
        ffmpeg(*source, *options.split(), folder / name)
        made[name] = (folder / name).read_bytes()
    return made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(Receiver()) as running:
        yield running
