"""A decoder that is stopped, as by a debugger or a frozen cgroup, holds up its video for a while and not for ever."""

import os
import signal
from pathlib import Path

import httpx

from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from devserver.ports import free_pair
from tests.faults.conftest import Stack, running
from tests.faults.test_dying_workers import check_whole, family_of

LONG = ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, 60), ImageFormat.PNG)


async def test_a_stopped_decoder_is_noticed_counted_and_its_video_begun_anew(
    stack: Stack, samples: Path, tmp_path: Path
):
    port = free_pair()
    worker = stack.start_worker(FIAPX_STALL_SECONDS="2", FIAPX_WORKER_PORT=str(port))
    video = await stack.upload(samples / "bikes.mp4", LONG)
    await stack.until(video.id, running, 60)
    (decoder,) = family_of(worker.pid) - {worker.pid}
    os.kill(decoder, signal.SIGSTOP)
    await stack.until(video.id, lambda row: row.attempt == 2, 25)
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    assert "fiapx_attempts_stalled_total 1.0" in metrics
    await check_whole(stack, await stack.until_final(video.id, 90), tmp_path)
