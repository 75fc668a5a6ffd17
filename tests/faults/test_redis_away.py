"""A queue that is away is no reason to restart anything."""

from pathlib import Path

import httpx

from app.domain.video import ProcessingStatus
from devserver.ports import free_pair
from tests.faults.conftest import Stack
from tests.parts.loopback import CERTIFICATES
from tests.parts.stores import ValkeyPart
from tests.parts.waiting import until


async def counted(stack: Stack, what: str) -> bool:
    """Ask once: on a busy machine a store that is there may need more than the moment which one question gives it."""
    return what in await stack.service.services.backlog()


async def test_no_worker_looks_dead_while_redis_is_away_and_what_came_meanwhile_is_processed(
    stack: Stack, valkey: ValkeyPart, samples: Path
):
    port = free_pair()
    worker = stack.start_worker(FIAPX_WORKER_PORT=str(port))

    async def alive() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=1, verify=CERTIFICATES) as kubelet:
                return (await kubelet.get(f"http://127.0.0.1:{port}/livez")).status_code == 200
        except httpx.TransportError:
            return False

    await until(alive, 60)
    valkey.kill()
    try:
        video = await stack.upload(samples / "bikes.mp4")
        for _ in range(8):  # Some seconds, in which it tries to reach Redis again and again.
            assert await alive()
            assert worker.poll() is None
            await until(lambda: counted(stack, "videos_pending"))
        assert "video_queue_admitted" not in await stack.service.services.backlog()
    finally:
        valkey.start()
    assert (await stack.until_final(video.id, 60)).status is ProcessingStatus.COMPLETED
    await until(lambda: counted(stack, "video_queue_admitted"))
    async with httpx.AsyncClient(trust_env=False) as prometheus:
        text = (await prometheus.get(f"http://127.0.0.1:{port}/metrics")).text
    assert 'fiapx_attempts_ended_total{outcome="completed"} 1.0' in text


async def test_a_redis_that_hangs_hides_nothing_of_the_database(stack: Stack, valkey: ValkeyPart):
    valkey.freeze()
    try:
        await until(lambda: counted(stack, "videos_pending"))
        assert not await counted(stack, "video_queue_admitted")
    finally:
        valkey.thaw()


async def test_an_api_tells_that_redis_is_away_and_goes_on_serving(stack: Stack, valkey: ValkeyPart):
    assert await stack.service.services.ready() == {"database": True, "redis": True}
    valkey.kill()
    try:
        assert await stack.service.services.ready() == {"database": True, "redis": False}
    finally:
        valkey.start()
