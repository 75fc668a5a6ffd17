"""An MP4 may describe its samples in several ways: of the next one only its first sample tells."""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import pytest

from tests.clips import ffmpeg
from tests.extracting import EVERY_PICTURE, at, take

pytestmark = pytest.mark.slow

TABLE = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        yield kind, start, start + size
        start += size


def box(kind: bytes, *content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, content)), kind) + b"".join(content)


def table(kind: bytes, *numbers: int | bytes) -> bytes:
    content = (number if isinstance(number, bytes) else struct.pack(">I", number) for number in numbers)
    return box(kind, bytes(4), *content)


def place_of(data: bytes, path: Sequence[bytes]) -> tuple[int, int]:
    start, end = 0, len(data)
    for kind in path:
        first, end = next((a, b) for found, a, b in boxes(data, start, end) if found == kind)
        start = first + 8
    return start - 8, end


def rebuilt(data: bytes, start: int, end: int, samples: bytes) -> bytes:
    """Copy boxes, with another sample table and no edit list."""
    out = b""
    for kind, first, stop in boxes(data, start, end):
        if kind == b"stbl":
            out += samples
        elif kind in TABLE:
            out += box(kind, rebuilt(data, first + 8, stop, samples))
        elif kind != b"edts":
            out += data[first:stop]
    return out


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Give two films, and a third one that has the samples of both."""
    parts, samples, entries = [], [], []
    for name, size in (("a.mp4", "128x96"), ("b.mp4", "256x96")):
        part = tmp_path / name
        ffmpeg(
            "-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=0.4", "-c:v", "libx264", "-bf", "0", "-g", "5",
            "-pix_fmt", "yuv420p", part,
        )  # fmt: skip
        with av.open(str(part)) as container:
            samples += [(bytes(p), p.is_keyframe) for p in container.demux(video=0) if p.size]
        start, end = place_of(part.read_bytes(), [*TABLE, b"stsd"])
        entries.append(part.read_bytes()[start + 16 : end])
        parts.append(part)
    data = parts[0].read_bytes()
    head = data[: place_of(data, [b"ftyp"])[1]]
    count, offsets = len(samples), [len(head) + 8]
    for sample, _ in samples:
        offsets.append(offsets[-1] + len(sample))
    (duration,) = struct.unpack_from(">I", data, place_of(data, [*TABLE, b"stts"])[0] + 20)
    keys = [number for number, (_, key) in enumerate(samples, 1) if key]
    described = box(
        b"stbl",
        table(b"stsd", 2, *entries),
        table(b"stts", 1, count, duration),
        table(b"stss", len(keys), *keys),
        table(b"stsc", 2, 1, 1, 1, count // 2 + 1, 1, 2),  # A chunk for each sample.
        table(b"stsz", 0, count, *(len(sample) for sample, _ in samples)),
        table(b"stco", count, *offsets[:-1]),
    )
    moov = bytearray(rebuilt(data, *place_of(data, [b"moov"]), described))
    for kind, offset in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):  # It lasts twice as long.
        place = moov.index(kind) + 4 + offset
        struct.pack_into(">I", moov, place, 2 * struct.unpack_from(">I", moov, place)[0])
    both = tmp_path / "both.mp4"
    both.write_bytes(head + box(b"mdat", *(sample for sample, _ in samples)) + moov)
    return [*parts, both]


async def test_each_picture_is_that_of_its_own_description(films: list[Path]):
    one, other, both = [[frame.data for frame in (await take(film, EVERY_PICTURE)).frames] for film in films]
    assert both == one + other


async def test_a_late_picture_of_the_second_description_needs_no_whole_decoding(films: list[Path]):
    """Its group of pictures is not the one at which the second description is told of."""
    _, other, both = films
    (right,) = (await take(other, at(0.3))).frames
    taken = await take(both, at(0.7))
    assert [frame.data for frame in taken.frames] == [right.data]
    assert taken.reading.decoding == "planned"
