"""A deployment whose video workers come and go as a stub of the cluster's autoscalers decides."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from redis.asyncio import Redis

from app.domain.lease import Lease
from app.domain.options import ExtractionOptions
from app.domain.video import ProcessingStatus, VideoId
from app.infra.redis.queue import VIDEO_QUEUE
from app.infra.redis.stream import QueueDepth
from tests.faults.conftest import ROOT, Stack, database_url, stack
from tests.parts.keda import Autoscaler, Deployment, Rules
from tests.parts.waiting import until

__all__ = ["database_url", "stack"]

SPEED = 60
"""A minute of the autoscalers is a second here."""
WAIT_SECONDS = 60
"""How long a worker that is told to stop may go on with its job; SIGKILL comes 30 s after that, as in the cluster."""


def the_scaled_object() -> dict[str, Any]:
    rendered = subprocess.run(
        [Path(sys.executable).with_name("kubectl"), "kustomize", "k8s/base"], cwd=ROOT, check=True, capture_output=True
    )
    (found,) = [part for part in yaml.safe_load_all(rendered.stdout) if part["kind"] == "ScaledObject"]
    return found  # type: ignore[no-any-return]  # YAML has no types


@dataclass
class Fleet:
    """The videos of a story, and the workers that it lets work on them."""

    stack: Stack
    redis: Redis
    rules: Rules
    log: Path
    videos: list[VideoId] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.deployment = Deployment(self._start, WAIT_SECONDS + 30)
        self.autoscaler = Autoscaler(self.rules, self.deployment, self.redis, SPEED)

    async def _start(self, only: str = "videos") -> asyncio.subprocess.Process:
        with (self.log / f"{uuid4().hex}.log").open("wb") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app.cli", "worker", "--only", only),
                cwd=ROOT,
                env=os.environ
                | self.stack.environment
                | {"FIAPX_FFMPEG_THREADS": "1", "FIAPX_SHUTDOWN_WAIT_SECONDS": str(WAIT_SECONDS)},
                stdout=log,
                stderr=log,
            )

    @asynccontextmanager
    async def control(self) -> AsyncIterator[None]:
        """Run the one worker that never scales to zero."""
        worker = await self._start("control")
        try:
            yield
        finally:
            worker.terminate()
            assert await worker.wait() == 0

    @asynccontextmanager
    async def autoscaling(self) -> AsyncIterator[Autoscaler]:
        running = asyncio.create_task(self.autoscaler.run())
        try:
            yield self.autoscaler
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def upload(self, path: Path, options: ExtractionOptions | None = None) -> VideoId:
        self.videos.append((await self.stack.upload(path, options)).id)
        return self.videos[-1]

    async def leases(self) -> list[Lease]:
        """Give what the record knows of each video and of its attempts."""
        found = [
            await self.stack.service.transactions.read(lambda t, video=video: t.videos.lease(video))  # type: ignore[misc]  # bound for this round
            for video in self.videos
        ]
        return [lease for lease in found if lease is not None]

    async def all_completed(self, seconds: float) -> None:
        for video in self.videos:
            row = await self.stack.until_final(video, seconds)
            assert row.status is ProcessingStatus.COMPLETED, row.failure

    async def none_left(self, seconds: float) -> None:
        """Wait until the last worker has ended."""
        await until(lambda: not self.deployment.replicas, seconds)
        await self.deployment.all_ended()

    async def depth(self) -> QueueDepth:
        return await self.stack.service.redis.depth(VIDEO_QUEUE)

    def said(self, event: str) -> list[int]:
        """Give how often each worker's log tells of such an event, where it does."""
        return [count for log in self.log.iterdir() if (count := log.read_text().count(f'"event": "{event}"'))]


@pytest.fixture
async def fleet(stack: Stack, tmp_path: Path) -> AsyncIterator[Fleet]:
    redis = Redis.from_url(stack.environment["FIAPX_REDIS_URL"])
    log = tmp_path / "fleet"
    log.mkdir()
    stack.log.touch()  # It reads there what workers said that it started itself, which none here is.
    fleet = Fleet(stack, redis, Rules.of(the_scaled_object()), log)
    try:
        yield fleet
    finally:
        await fleet.deployment.scale(0)
        await fleet.deployment.all_ended()
        await redis.aclose()
