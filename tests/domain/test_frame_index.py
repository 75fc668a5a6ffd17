"""The index of a ZIP's pictures and the manifest it can be made from, whatever somebody has written into either."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import FramesUnreadable
from app.domain.frame import ArchivedFrame
from app.domain.frame_index import FrameIndex, frames_of, on_the_screen, place_of_records
from app.domain.manifest import Manifest, frame_file_name
from app.domain.manifest_lines import ManifestLines
from tests.fakes.extractor import FILM, a_frame, a_reading
from tests.parts.videos import a_video, new_owner

ARCHIVE_BYTES = 10_000
FRAME = ArchivedFrame(1, 30, 1.001, 3.0, 1.0, 1001, 640, 272, 59, 400, "9f" * 32)


def index_of(*frames: ArchivedFrame) -> bytes:
    index = FrameIndex()
    for frame in frames:
        index.add(frame)
    return b"".join(index.pieces())


def read(index: bytes, count: int = 1) -> list[ArchivedFrame]:
    start, end = place_of_records(count, 1, count)
    return frames_of(index[start:end], 1, count, ARCHIVE_BYTES)


def test_a_picture_reads_back_as_it_was_written():
    second = replace(FRAME, index=2, offset=600, size_bytes=9400)
    assert read(index_of(FRAME, second), 2) == [FRAME, second]


@pytest.mark.parametrize(
    "lie",
    [
        {"index": 2},
        {"offset": 29},
        {"offset": 9601},
        {"offset": ARCHIVE_BYTES},
        {"offset": 2**64 - 1},
        {"size_bytes": 0},
        {"size_bytes": 9942},
        {"size_bytes": 2**32 - 1},
        {"width": 0},
        {"height": 0},
        {"time_seconds": float("nan")},
        {"until_seconds": float("inf")},
        {"instant_seconds": float("-inf")},
    ],
)
def test_what_cannot_be_true_of_the_archive_is_refused(lie: dict[str, Any]):
    with pytest.raises(FramesUnreadable):
        read(index_of(replace(FRAME, **lie)))


@pytest.mark.parametrize(
    "wrong", [{"offset": -1}, {"offset": 2**64}, {"number": -1}, {"sha256": "x"}, {"width": 2**32}]
)
def test_what_is_no_picture_is_not_written(wrong: dict[str, Any]):
    with pytest.raises(FramesUnreadable):
        index_of(replace(FRAME, **wrong))


@given(st.binary(min_size=88, max_size=88), st.integers(1, 2**63))
def test_whatever_stands_in_a_record_no_range_outside_of_the_archive_comes_of_it(record: bytes, archive_bytes: int):
    try:
        (frame,) = frames_of(record, 1, 1, archive_bytes)
    except FramesUnreadable:
        return
    assert 0 < frame.offset < frame.offset + frame.size_bytes <= archive_bytes


@given(st.integers(0, 87), st.integers(0, 255))
def test_a_changed_byte_of_a_good_record_leads_nowhere_else_either(at: int, value: int):
    start, end = place_of_records(1, 1, 1)
    record = bytearray(index_of(FRAME)[start:end])
    record[at] = value
    try:
        (frame,) = frames_of(bytes(record), 1, 1, ARCHIVE_BYTES)
    except FramesUnreadable:
        return
    assert frame.offset + frame.size_bytes <= ARCHIVE_BYTES


times = st.floats(0, 100).map(lambda time: round(time, 6))


@given(st.lists(st.tuples(times, times), min_size=1, max_size=40), times)
def test_the_picture_of_a_time_is_found_as_by_a_walk(found: list[tuple[float, float]], at: float):
    """Files in their order: pictures by when they come on, of each its instants."""
    ordered = sorted((time, max(time, instant)) for time, instant in found)
    frames = [
        replace(FRAME, index=place, number=round(time * 10**6), time_seconds=time, instant_seconds=instant)
        for place, (time, instant) in enumerate(ordered, start=1)
    ]
    come = [frame for frame in frames if frame.time_seconds <= at]
    chosen = on_the_screen(frames, at)
    assert (chosen is None) == (not come)
    if chosen is not None:
        assert chosen.number == come[-1].number
        had = [frame for frame in come if frame.number == chosen.number and frame.instant_seconds <= at]
        assert chosen == (had[-1] if had else next(frame for frame in come if frame.number == chosen.number))


def test_a_picture_that_wavers_behind_its_instant_is_there_from_that_on():
    before, late = replace(FRAME, time_seconds=0.0, instant_seconds=0.0, number=0), replace(FRAME, time_seconds=1.0075)
    assert on_the_screen([before, late], 0.9999) == before
    assert on_the_screen([before, late], 1.0) == late


def document(count: int = 3) -> tuple[bytes, bytes]:
    """A manifest and the index that grew with it."""
    video = a_video(new_owner(), original_file_name='a\n"frames": [\n"]\u2028.mp4')
    manifest, at = Manifest(video, FILM), 59
    for number in range(count):
        frame = a_frame(number * 7, b"x" * (100 + number))
        name = frame_file_name(number + 1, frame.time_seconds, video.options.format)
        manifest.add(name, frame, frame.time_seconds, f"{number:064x}", ends_at=at + len(frame.data))
        at += 1000
    return manifest.end(a_reading(notes=("a note",))), b"".join(manifest.index())


@pytest.mark.parametrize("piece", [1, 7, 100, 4096, 10**6])
@pytest.mark.parametrize("count", [1, 3, 40])
def test_an_index_made_of_a_manifest_is_the_one_that_grew_with_it(piece: int, count: int):
    text, index = document(count)
    lines = ManifestLines()
    for at in range(0, len(text), piece):
        lines.feed(text[at : at + piece])
    assert lines.index(count) == index


LINE = json.loads(document(1)[0])["frames"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"file": "../frame_000001_00-00-00.000.jpg"},
        {"file": "frame_000002_00-00-00.000.jpg"},
        {"file": 1},
        {"number": 1.0},
        {"number": True},
        {"number": -1},
        {"timeSeconds": "0"},
        {"instants": []},
        {"instants": [0, 1]},
        {"instants": None},
        {"sizeBytes": 99},
        {"sha256": "9F" * 32},
        {"sha256": "9f" * 31},
        {"sha256": None},
        {"range": {"first": 59}},
        {"range": {"first": 158, "last": 59}},
        {"range": {"first": -41, "last": 58}},
        {"range": [59, 158]},
        {"width": 2**40},
    ],
)
def test_a_line_that_is_none_of_a_picture_is_refused(change: dict[str, Any]):
    text, _ = document(1)
    line = json.dumps(LINE, ensure_ascii=False).encode()
    assert line in text
    lines = ManifestLines()
    with pytest.raises(FramesUnreadable):
        lines.feed(text.replace(line, json.dumps(LINE | change, ensure_ascii=False).encode()))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b'"version": 2', b'"version": 1'),
        (b'"version": 2', b'"version": 22'),
        (b'{\n"version"', b'{"version"'),
        (b'\n"frames": [', b'\n"frames":['),
        (b"\n],\n", b"\n]\n"),
        (b"\n{", b"\n[" + b"[" * 3000 + b"{"),
        (b"\n{", b"\n" + b" " * 5000 + b"{"),
        (b'"number": 0', b'"number": ' + b"9" * 3500),
        (b'"timeSeconds": 0.0', b'"timeSeconds": 1e999999'),
    ],
)
def test_a_document_that_we_never_wrote_is_refused(was: bytes, now: bytes):
    text, _ = document(2)
    assert was in text
    with pytest.raises(FramesUnreadable):
        read(_index_of(text.replace(was, now, 1)), 2)


def test_a_manifest_that_ends_early_or_tells_of_others_than_there_are_is_refused():
    text, _ = document(3)
    lines = ManifestLines()
    lines.feed(text[: text.index(b"\n],")])
    with pytest.raises(FramesUnreadable):
        lines.index(3)
    for count in (2, 4):
        with pytest.raises(FramesUnreadable):
            _index_of(text, count)


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_whatever_is_changed_of_a_manifest_is_refused_or_read(at: int, other: bytes):
    text, _ = document(2)
    place = at % len(text)
    try:
        _index_of(text[:place] + other + text[place + len(other) :])
    except FramesUnreadable:
        return


def _index_of(text: bytes, count: int = 2) -> bytes:
    lines = ManifestLines()
    lines.feed(text)
    return lines.index(count)
