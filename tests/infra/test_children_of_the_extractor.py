"""The extractor's child processes: none is left behind, whoever stops, and none works ahead of its consumer."""

import asyncio
import os
from pathlib import Path

import pytest

from app.domain.options import ExtractionOptions, ImageFormat
from tests.clips import Clips
from tests.extracting import EVERY_PICTURE, EXTRACTOR, take

pytestmark = pytest.mark.slow


def children() -> set[int]:
    """Give our child processes that run ffmpeg, or are about to."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == os.getpid():
                found.add(int(folder.name))
    return found


async def test_leaving_in_mid_stream_leaves_no_child(clips: Clips):
    before = children()
    async with EXTRACTOR.open(clips.bikes, ExtractionOptions(EVERY_PICTURE)) as (_, extraction):
        async for frame in extraction:
            assert len(children() - before) == 1
            if frame.number == 3:
                break
    assert children() <= before


async def test_a_canceled_consumer_leaves_no_child(clips: Clips):
    before = children()
    first = asyncio.Event()

    async def consume() -> None:
        async with EXTRACTOR.open(clips.bikes, ExtractionOptions(EVERY_PICTURE)) as (_, extraction):
            async for _frame in extraction:
                first.set()
                await asyncio.sleep(0)

    task = asyncio.create_task(consume())
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() <= before


async def test_a_consumer_that_fails_leaves_no_child_while_the_file_is_inspected(clips: Clips):
    before = children()
    task = asyncio.create_task(take(clips.big_buck_bunny))
    async with asyncio.timeout(30):
        while children() <= before:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() <= before


async def test_the_decoder_stands_still_while_nobody_takes_its_frames(clips: Clips):
    before = children()
    async with EXTRACTOR.open(clips.bikes, ExtractionOptions(EVERY_PICTURE, ImageFormat.PNG)) as (_, extraction):
        frames = aiter(extraction)
        await anext(frames)
        (decoder,) = children() - before
        spent = -1
        async with asyncio.timeout(30):
            while (now := cpu_ticks(decoder)) != spent:
                spent = now
                await asyncio.sleep(0.5)
        assert extraction.progress.frames_extracted == 1
        assert 1 + sum([1 async for _ in frames]) == 250
        assert extraction.progress.percent == 100


def cpu_ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    assert fields[0] != "Z"
    return int(fields[11]) + int(fields[12])


async def test_nothing_is_written_beside_the_source(clips: Clips, tmp_path: Path):
    source = tmp_path / "a name with spaces %03d.mp4"
    source.write_bytes(clips.bikes.read_bytes())
    assert len((await take(source)).frames) == 10
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


async def test_a_source_that_is_away_is_the_machines_fault(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        await take(tmp_path / "nothing.mp4")
