"""Files that are no film, broken off, or made to do harm: each ends soon, with its own code."""

import asyncio
from pathlib import Path

import pytest

from app.domain.failure import CUT_OFF, FailureCode
from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from tests.clips import Clips
from tests.extracting import EVERY_PICTURE, at, failure_of, refusal_of, take
from tests.films import Films

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("clip", "code"),
    [
        ("text", FailureCode.UNSUPPORTED_FORMAT),
        ("sound_only", FailureCode.NO_VIDEO_STREAM),
        ("cover_only", FailureCode.NO_VIDEO_STREAM),
        ("flipped_bits", FailureCode.CORRUPT_VIDEO),
        ("avi_cut_between_frames", FailureCode.CORRUPT_VIDEO),
        ("gap", FailureCode.TOO_LONG),
        ("gap_that_lies", FailureCode.TOO_LONG),
        ("long_frame_that_lies", FailureCode.TOO_LONG),
        ("vast_picture", FailureCode.TOO_LARGE_PICTURE),
        ("vast_picture_that_lies", FailureCode.TOO_LARGE_PICTURE),
    ],
)
async def test_a_bad_file_ends_soon_with_its_own_code(clips: Clips, clip: str, code: FailureCode):
    source = getattr(clips, clip)
    async with asyncio.timeout(60):
        assert await failure_of(source) is code


@pytest.mark.parametrize("clip", ["fast_start", "bikes", "mpeg4_avi", "matroska", "webm_without_duration", "mov"])
async def test_an_upload_that_broke_off_is_never_taken_for_whole(clips: Clips, clip: str):
    whole: Path = getattr(clips, clip)
    for share in (0.35, 0.6, 0.97):
        assert await refusal_of(clips.cut(whole, share)) == (FailureCode.CORRUPT_VIDEO, CUT_OFF)


async def test_a_film_cut_within_its_index_says_so_wherever_that_is(clips: Clips, films: Films):
    """A demuxer that meets the end of the file there opens what it has read, and that may be a film of no streams."""
    data = clips.fast_start.read_bytes()
    index = data.index(b"moov") - 4
    for kept in (10, 130, 400, 700):
        cut = films.written("cut.mp4", data[: index + kept])
        assert await refusal_of(cut) == (FailureCode.CORRUPT_VIDEO, CUT_OFF), kept


@pytest.mark.parametrize(
    "select", [EVERY_PICTURE, FrameSelection(SelectionKind.SCENE_CHANGE, 0.4), at(0.0)], ids=lambda s: s.kind.value
)
async def test_a_video_longer_than_it_says_is_found_out_whatever_is_selected(clips: Clips, select: FrameSelection):
    assert await failure_of(clips.gap_that_lies, ExtractionOptions(select)) is FailureCode.TOO_LONG


async def test_no_other_file_is_read_and_no_connection_made(clips: Clips):
    connections: list[object] = []

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        outside = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/video.mp4"
        neighbour = clips.short
        for disguise, target in (
            (clips.playlist, outside),
            (clips.playlist, f"file://{neighbour}"),
            (clips.playlist, neighbour.name),
            (clips.concatenation, neighbour.name),
            (clips.concatenation, str(neighbour)),
            (clips.dash, outside),
            (clips.dash, neighbour.name),
        ):
            assert await failure_of(disguise(target)) is FailureCode.UNSUPPORTED_FORMAT
    assert not connections


async def test_a_gap_in_the_film_does_not_fill_the_archive(clips: Clips):
    """Two pictures ten million seconds apart: the first is there all the while, and the film too long all the same."""
    assert await failure_of(clips.gap_that_lies, ExtractionOptions(end_seconds=4.0)) is FailureCode.TOO_LONG
    assert (await take(clips.variable_rate, ExtractionOptions(end_seconds=4.0))).instants == [0, 1, 2, 3]
