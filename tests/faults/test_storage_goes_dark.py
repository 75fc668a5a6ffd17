"""A storage that is cut off or silent: nothing that was accepted is lost, and who is told to end does."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.domain.video import ProcessingStatus, VideoId
from tests.faults.campaign.line import Line
from tests.faults.conftest import Stack, running
from tests.faults.test_draining_api import running_api, uploading
from tests.faults.test_dying_workers import SLOW, check_whole
from tests.parts.stores import S3Part
from tests.parts.waiting import until

SECONDS = 12
"""Six are for jobs to give back what they hold, and the rest is a busy machine's."""


@pytest.fixture
async def line(s3: S3Part) -> AsyncIterator[Line]:
    async with Line(urlsplit(s3.url).port or 0).running() as line:
        yield line


def through(line: Line) -> str:
    return f"http://127.0.0.1:{line.port}"


async def seconds_to_end(worker: subprocess.Popen[bytes]) -> float:
    begun = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    await asyncio.to_thread(worker.wait, 90)
    return time.monotonic() - begun


async def nothing_is_lost(stack: Stack, video: VideoId, folder: Path) -> None:
    """The attempt was given back rather than lost, and the next one completes."""
    lease = await stack.service.transactions.read(lambda t: t.videos.lease(video))
    assert lease is not None
    assert (lease.lost_attempts, lease.released) == (0, True)
    stack.start_worker()
    row = await stack.until_final(video, 90)
    assert row.attempt == 2
    await check_whole(stack, row, folder)
    stack.end_workers()


async def test_a_worker_whose_film_does_not_come_ends_when_it_is_told_to(
    stack: Stack, samples: Path, tmp_path: Path, line: Line
):
    worker = stack.start_worker(FIAPX_S3_URL=through(line))
    await until(lambda: "worker reads its queue" in stack.log.read_text(), 60)
    line.fall_silent()
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    await stack.until(video.id, lambda row: row.status is ProcessingStatus.PROCESSING, 60)
    assert await seconds_to_end(worker) < SECONDS
    await nothing_is_lost(stack, video.id, tmp_path)


async def test_a_worker_whose_zip_is_not_taken_ends_when_it_is_told_to(
    stack: Stack, samples: Path, tmp_path: Path, line: Line
):
    worker = stack.start_worker(FIAPX_S3_URL=through(line))
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    await stack.until(video.id, running, 60)
    line.fall_silent()
    assert await seconds_to_end(worker) < SECONDS
    await nothing_is_lost(stack, video.id, tmp_path)


async def test_a_worker_that_has_not_found_its_storage_yet_ends_when_it_is_told_to(stack: Stack, line: Line):
    line.fall_silent()
    worker = stack.start_worker(FIAPX_S3_URL=through(line))
    await until(lambda: line.connections, 60)
    assert await seconds_to_end(worker) < SECONDS


async def test_an_api_whose_upload_a_silent_storage_does_not_take_ends_when_it_is_told_to(
    stack: Stack, tmp_path: Path, line: Line
):
    async with (
        running_api(stack, tmp_path, exit_code=-signal.SIGTERM, FIAPX_S3_URL=through(line)) as (client, process),
        uploading(stack, client) as upload,
    ):
        line.fall_silent()
        for _ in range(24):
            upload.say(bytes(1 << 20))
        await until(lambda: line.held, 60)
        begun = time.monotonic()
        os.kill(process, signal.SIGTERM)
        while Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
            assert time.monotonic() - begun < 90
            await asyncio.sleep(0.05)
        assert time.monotonic() - begun < SECONDS


async def test_a_cut_of_some_seconds_costs_no_attempt(stack: Stack, samples: Path, tmp_path: Path, line: Line):
    stack.start_worker(FIAPX_S3_URL=through(line))
    video = await stack.upload(samples / "bigbuckbunny.mp4", SLOW)
    await stack.until(video.id, running, 60)
    line.cut()
    await asyncio.sleep(5)
    line.mend()
    row = await stack.until_final(video.id, 120)
    assert row.attempt == 1
    await check_whole(stack, row, tmp_path)
    assert "a call of the storage is made again" in stack.log.read_text()
