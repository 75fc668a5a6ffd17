"""A film of as many packets as there may be: what is reckoned of it keeps nobody waiting, the worker's heartbeat least.

Six hours at 240 pictures a second, with B-pictures, as an inspecting child would tell of them.
"""

import asyncio
import struct
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Final

import pytest

from app.domain.columns import BLOCK
from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import KEY, NON_REFERENCE, Film
from app.domain.options import ExtractionOptions
from app.domain.plan import plan
from app.domain.presentation import present
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.feasibility import by_exact_times, refuse_damaged, settled
from app.infra.ffmpeg.filters import Filters
from app.infra.ffmpeg.inspection import read_inspection
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.storyboard import Sheets
from tests.extracting import LIMITS
from tests.inspections import HEAD, TAIL, document

pytestmark = pytest.mark.slow

PACKETS: Final = LIMITS.max_packets
TICKS: Final = 100  # From picture to picture.
TICK_SECONDS: Final = 0.1
LATE_SECONDS: Final = 1.0  # A worker's lease lasts 15 seconds and is renewed every 5.


def blocks_of(packets: int) -> Iterator[bytes]:
    """Groups of one second; of four pictures the last is decoded first, and the two before it are not needed."""
    decoded = array("q", range(-4 * TICKS, (packets - 4) * TICKS, TICKS))
    shown = array("q", range(0, packets * TICKS, TICKS))
    shown[1::4], shown[2::4], shown[3::4] = shown[3::4], shown[1::4], shown[2::4]
    group = bytes([KEY, 0, NON_REFERENCE, NON_REFERENCE] + [0, 0, NON_REFERENCE, NON_REFERENCE] * 59)
    flags = group * (packets // len(group) + 1)
    for first in range(0, packets, BLOCK):
        piece = slice(first, min(first + BLOCK, packets))
        count = piece.stop - first
        columns = (shown[piece], decoded[piece], array("q", [TICKS]) * count)
        yield struct.pack("=I", count) + b"".join(c.tobytes() for c in columns) + flags[piece]
    yield struct.pack("=I", 0)


def told(packets: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(document(HEAD))
    for block in blocks_of(packets):
        reader.feed_data(block)
    reader.feed_data(
        document({**TAIL, "time_base": [1, 240 * TICKS], "rate": 240.0, "reorders": True, "layered": True})
    )
    reader.feed_eof()
    return reader


def reckoned(film: Film, distrust: str | None) -> Filters:
    """Do all that is done between the inspection and the decoder."""
    shown, options = present(film), ExtractionOptions()
    planned = by_exact_times(settled(plan(film, options, shown=shown), film, distrust), film)
    assert planned.files == 6 * 3600
    assert planned.whole is None
    refuse_damaged(film, planned, options)
    recipe = Recipe("no program", Path("film"), film, options, LIMITS)
    tiling = Sheets(recipe, planned, TimeBudget(1)).tiling(planned.pictures, 0)
    return Filters.of(recipe, planned, planned.pictures, tiling)


async def test_the_longest_film_leaves_the_event_loop_free():
    reader, longest, ticked = told(PACKETS), 0.0, asyncio.Event()

    async def tick() -> None:
        nonlocal longest
        while True:
            before = process_time()  # It does not count what other processes take of a busy machine.
            await asyncio.sleep(TICK_SECONDS)
            longest = max(longest, process_time() - before)
            ticked.set()

    ticking = asyncio.create_task(tick())
    found = await read_inspection(reader, TimeBudget(120), PACKETS)
    assert found.film is not None
    filters = await asyncio.to_thread(reckoned, found.film, found.distrust)
    ticked.clear()
    await ticked.wait()  # The last tick may be the late one.
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    assert filters.pictures == 6 * 3600
    assert longest < LATE_SECONDS


async def test_a_film_of_more_pictures_is_refused_for_them():
    with pytest.raises(ProcessingError, match=r"more than 11 pictures") as refused:
        await read_inspection(told(12), TimeBudget(20), 11)
    assert refused.value.failure is FailureCode.TOO_LONG
