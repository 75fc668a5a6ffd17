"""What a taken over inspecting child may tell: it is refused as nonsense, whatever it is, and nothing of it gets on."""

import asyncio
import struct
from typing import Any

import pytest

from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.inspection import BrokenInspection, Inspected, read_inspection
from tests.inspections import HEAD, LOOK, STREAM, TAIL, document

pytestmark = pytest.mark.slow

PACKETS = struct.pack("=I", 2) + struct.pack("=6q", 0, 40, 0, 40, 40, 40) + bytes([1, 0]) + struct.pack("=I", 0)


async def told(data: bytes) -> Inspected:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await read_inspection(reader, TimeBudget(20), most_packets=1000)


async def test_the_inspectors_output_becomes_a_film():
    found = await told(document(HEAD) + PACKETS + document(TAIL))
    assert found.film is not None
    assert list(found.film.packets.pts) == [0, 40]


@pytest.mark.parametrize(
    "tail",
    [
        {"time_base": [1, 0]}, {"time_base": [10**4000, 1]}, {"time_base": [-1, 1000]}, {"rate": []},
        {"look": []}, {"look": {**LOOK, "width": -1}}, {"look": {**LOOK, "width": 10**30}},
        {"look": {**LOOK, "pixel_format": "a\0b"}}, {"look": {**LOOK, "pixel_format": "x" * 1000}},
        {"look": {**LOOK, "display_matrix": [1, 2]}}, {"look": {**LOOK, "display_matrix": [2**40] * 9}},
        {"look": {**LOOK, "sample_aspect_ratio": [1, 0]}}, {"margins": [0, -1, 0, 0]}, {"margins": [1]},
        {"look": {**LOOK, "sample_aspect_ratio": ["1e1000"]}}, {"look": {**LOOK, "display_matrix": []}},
        {"margins": None}, {"changes": None}, {"changes": [[0, LOOK]]}, {"changes": [[2, LOOK]]},
        {"changes": [[1, {}]]},        {"changes": [[1, LOOK], [1, LOOK]]},
    ],
)  # fmt: skip
async def test_facts_that_make_no_sense_are_refused(tail: dict[str, Any]):
    with pytest.raises(BrokenInspection):
        await told(document(HEAD) + PACKETS + document({**TAIL, **tail}))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\1", struct.pack("=I", 2**31), document([]), document({}), struct.pack("=I", 4) + b"\xff{}}",
        struct.pack("=I", 500_000) + b"[" * 500_000, document(HEAD) + struct.pack("=I", 2**31),
        document(HEAD) + PACKETS[:20], document(HEAD) + PACKETS, document({**HEAD, "container": "\ud800"}) + PACKETS,
        document({**HEAD, "streams": [{**STREAM, "codec": "x" * 900_000}]}) + PACKETS + document(TAIL),
        document({**HEAD, "streams": [{**STREAM, "start": [1, 0]}]}) + PACKETS + document(TAIL),
    ],
)  # fmt: skip
async def test_malformed_output_of_the_inspector_is_refused(data: bytes):
    with pytest.raises(BrokenInspection):
        await told(data)
