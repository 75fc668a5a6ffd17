"""Films that make a decoder complain without end, and that nobody has to wait for."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from app.domain.video import ProcessingStatus
from tests.clips import FFMPEG, ffmpeg
from tests.faults.conftest import Stack

PACKETS = 12_000
PIPE = 65_536
"""What a pipe holds: whoever writes more to one that nobody reads waits for ever."""


@pytest.fixture(scope="module")
def complaining(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """580 KB of Matroska without a duration: one picture of H.264, then packets with a broken message in each.

    Each message is of another length, so that no complaint is the same as the last.
    """
    folder = tmp_path_factory.mktemp("complaining")
    first = folder / "first.h264"
    ffmpeg("-f", "lavfi", "-i", "color=s=64x48:r=25:d=0.04", "-c:v", "libx264", "-pix_fmt", "yuv420p", first)
    delimiter = b"\x00\x00\x00\x01\x09\xf0"
    broken = (
        delimiter + b"\x00\x00\x00\x01\x06\x05\xff" + bytes([1 + n % 251]) + b"\x80"  # It ends before it has begun.
        b"\x00\x00\x00\x01\x65\x88\x80\x40" + bytes([1 + n % 200, 7])
        for n in range(PACKETS)
    )
    (folder / "all.h264").write_bytes(first.read_bytes() + b"".join(broken))
    film = folder / "complaining.mkv"
    ffmpeg(
        "-f", "h264", "-r", "25", "-i", folder / "all.h264", "-c", "copy", "-bsf:v", "setts=ts=N/25/TB",
        "-f", "matroska", "-live", "1", film,
    )  # fmt: skip
    return film


def test_it_makes_plain_ffmpeg_complain_more_than_a_pipe_holds(complaining: Path):
    listing = [FFMPEG, "-hide_banner", "-v", "error", "-i", str(complaining), "-c", "copy", "-f", "null", "-"]
    said = subprocess.run(listing, check=True, capture_output=True).stderr
    assert len(said) > 8 * PIPE
    assert complaining.stat().st_size < 700_000
    whole = subprocess.run([FFMPEG, "-hide_banner", "-i", complaining], check=False, capture_output=True).stderr
    assert b"Duration: N/A" in whole


async def test_two_films_that_complain_without_end_do_not_keep_a_good_one_waiting(
    stack: Stack, complaining: Path, samples: Path
):
    """One worker for one film at a time: the good one is third in line."""
    stack.start_worker(FIAPX_WORKER_SLOTS="1")
    others = [
        await stack.upload(complaining, ExtractionOptions(FrameSelection(kind, value)))
        for kind, value in ((SelectionKind.FRAMES_PER_SECOND, 1), (SelectionKind.SCENE_CHANGE, 0.4))
    ]
    good = await stack.upload(samples / "bikes.mp4")
    began = asyncio.get_running_loop().time()
    row = await stack.until_final(good.id, 50)
    assert row.status is ProcessingStatus.COMPLETED, row.failure
    for other in others:
        left = 90 - (asyncio.get_running_loop().time() - began)
        row = await stack.until_final(other.id, left)
        assert row.attempt == 1
        assert row.failure is None or row.failure.code.value == "CORRUPT_VIDEO", row.failure
