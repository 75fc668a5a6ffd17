"""An API that is told to end serves what still comes to it, until who routes requests has noticed."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.infra.embedded.ports import free_pair
from tests.faults.conftest import ROOT, Stack
from tests.parts.waiting import until

PATIENCE = 60


@asynccontextmanager
async def running_api(stack: Stack, folder: Path, **settings: str) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """Run ``fiapx api`` as a process of its own; give a client of it, and its process id."""
    port = free_pair()
    log = folder / "api.log"
    with log.open("ab") as lines:
        api = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "api"],
            cwd=ROOT,
            env=os.environ | stack.environment | {"FIAPX_PORT": str(port)} | settings,
            stdout=lines,
            stderr=lines,
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:

            async def ready() -> bool:
                assert api.poll() is None, log.read_text()
                return await status(client, "/readyz") == 200

            await until(ready, PATIENCE)
            yield client, api.pid
        assert await asyncio.to_thread(api.wait, PATIENCE) == 0, log.read_text()
    finally:
        api.kill()
        api.wait()


async def status(client: httpx.AsyncClient, path: str) -> int | None:
    """None where nobody listens any more."""
    try:
        return (await client.get(path)).status_code
    except httpx.TransportError:
        return None


async def test_it_is_not_ready_but_goes_on_serving_and_then_ends(stack: Stack, tmp_path: Path):
    async with running_api(stack, tmp_path, FIAPX_DRAIN_SECONDS="2") as (client, process):
        os.kill(process, signal.SIGTERM)

        async def draining() -> bool:
            return await status(client, "/readyz") == 503

        await until(draining, 2)
        assert (await client.get("/readyz")).json() == {
            "status": "draining",
            "parts": {"database": True, "redis": True},
        }
        assert await status(client, "/livez") == 200
        answer = await client.post(
            "/auth/login", json={"email": "ana@example.com", "password": "correct horse battery"}
        )
        assert answer.status_code == 200

        async def gone() -> bool:
            return await status(client, "/livez") is None

        await until(gone, PATIENCE)


async def test_a_second_signal_ends_it_at_once(stack: Stack, tmp_path: Path):
    async with running_api(stack, tmp_path, FIAPX_DRAIN_SECONDS="3600") as (client, process):
        os.kill(process, signal.SIGTERM)

        async def draining() -> bool:
            return await status(client, "/readyz") == 503

        await until(draining, 2)
        os.kill(process, signal.SIGINT)
