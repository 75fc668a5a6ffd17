"""Workers that break whatever they take, beside one that does not: nothing is spoilt by them, and they end."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from app.domain.video import ProcessingStatus, VideoProcessing
from tests.clips import FFMPEG
from tests.faults.conftest import ROOT, Stack

VIDEOS = 6


@pytest.fixture
def without_ffmpeg(tmp_path: Path) -> dict[str, str]:
    """The environment of a worker whose imageio-ffmpeg finds nothing, and remembers that."""
    package = tmp_path / "packages" / "imageio_ffmpeg"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "def get_ffmpeg_exe():\n    raise RuntimeError('No ffmpeg exe could be found.')\n"
    )
    return {"PYTHONPATH": f"{package.parent}{os.pathsep}{ROOT}"}


async def all_final(stack: Stack, videos: list[VideoProcessing], seconds: float) -> list[VideoProcessing]:
    async with asyncio.timeout(seconds):
        return [await stack.until_final(video.id, seconds) for video in videos]


async def ended(worker: subprocess.Popen[bytes], seconds: float) -> int:
    return await asyncio.to_thread(worker.wait, seconds)


async def test_a_worker_that_finds_no_decoder_takes_no_video_and_says_why(
    stack: Stack, samples: Path, without_ffmpeg: dict[str, str]
):
    sick = stack.start_worker(**without_ffmpeg)
    videos = [await stack.upload(samples / "carphone_pristine.mp4") for _ in range(VIDEOS)]
    assert await ended(sick, 30) == os.EX_UNAVAILABLE
    assert "videos cannot be decoded here: there is no ffmpeg (No ffmpeg exe could be found.)" in stack.log.read_text()
    assert {(await stack.row(video.id)).attempt for video in videos} == {0}
    stack.start_worker()
    rows = await all_final(stack, videos, 120)
    assert {row.status for row in rows} == {ProcessingStatus.COMPLETED}


async def test_a_worker_whose_decoder_is_gone_ends_and_a_healthy_one_completes_what_broke_in_it(
    stack: Stack, samples: Path, tmp_path: Path
):
    decoder = tmp_path / "ffmpeg"
    decoder.symlink_to(FFMPEG)
    sick = stack.start_worker(IMAGEIO_FFMPEG_EXE=str(decoder))
    first = await stack.upload(samples / "carphone_pristine.mp4")
    assert (await stack.until_final(first.id, 60)).status is ProcessingStatus.COMPLETED
    decoder.unlink()
    videos = [await stack.upload(samples / "carphone_pristine.mp4") for _ in range(VIDEOS)]
    assert await ended(sick, 60) == os.EX_SOFTWARE
    assert "the worker is unfit, it takes no more videos and ends" in stack.log.read_text()
    rows = [await stack.row(video.id) for video in videos]
    assert sum(row.attempt for row in rows) == 3, "it is to stop with the third that breaks"
    stack.start_worker()
    rows = await all_final(stack, videos, 120)
    assert {row.status for row in rows} == {ProcessingStatus.COMPLETED}


async def test_one_worker_that_spoils_everything_spoils_nothing_beside_one_that_works(
    stack: Stack, samples: Path, tmp_path: Path
):
    """To the one with the broken decoder every film looks damaged."""
    decoder = tmp_path / "ffmpeg"
    decoder.symlink_to(FFMPEG)
    sick = stack.start_worker(IMAGEIO_FFMPEG_EXE=str(decoder))
    stack.start_worker()
    first = [await stack.upload(samples / "carphone_pristine.mp4") for _ in range(4)]
    await all_final(stack, first, 60)
    decoder.unlink()
    decoder.symlink_to("/bin/false")
    videos = [await stack.upload(samples / "carphone_pristine.mp4") for _ in range(VIDEOS)]
    rows = await all_final(stack, videos, 120)
    assert [row.failure.code for row in rows if row.failure] == []
    assert "does not run" in stack.log.read_text()
    assert sick.poll() in {None, os.EX_SOFTWARE}
