"""The worker as it is put together of the settings."""

from types import SimpleNamespace
from typing import Any

from app.infra.redis.stream import connect
from app.infra.worker_metrics import WorkerMetrics
from app.worker import _video_worker
from tests.parts.wired import shipped


async def test_the_queue_gives_a_silent_workers_video_away_when_its_lease_ends():
    redis = connect("redis://127.0.0.1:1/0")
    work: Any = SimpleNamespace(redis=redis, attempt_video=None, metrics=WorkerMetrics())
    worker = _video_worker(shipped(lease_seconds=7), work)
    await redis.aclose()
    assert worker._visibility_ms == 7000
