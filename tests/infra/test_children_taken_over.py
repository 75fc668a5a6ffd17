"""Children that a hostile film has taken over: what they tell is no film's picture, and is never waited for in vain."""

import struct
import sys
import textwrap
from contextlib import AbstractAsyncContextManager
from fractions import Fraction
from pathlib import Path

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import KEY, Film, Look, Packets, Stream
from app.domain.frame import Frame
from app.domain.options import ExtractionOptions
from app.domain.plan import plan
from app.infra.ffmpeg import inspect_child
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import Child, ChildLimits, child
from app.infra.ffmpeg.confinement import python_paths
from app.infra.ffmpeg.decoding import Decoding
from app.infra.ffmpeg.inspection import Inspected, read_inspection
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.storyboard import Sheets, sheet_of
from app.infra.ffmpeg.survey import found_by
from tests.clips import ffmpeg
from tests.extracting import LIMITS, refusal_of

pytestmark = pytest.mark.slow

MEMORY = 1024**3


def started(code: str, outputs: int, budget: TimeBudget, directory: Path) -> AbstractAsyncContextManager[Child]:
    """Run a Python program in ffmpeg's place, which knows its pipes as ``p``."""
    prelude = "import os, sys\np = list(map(int, sys.argv[1:]))\n"
    return child(
        lambda writing, _: [
            sys.executable, "-I", "-S", "-B", "-c", prelude + textwrap.dedent(code), *map(str, writing),
        ],
        outputs=outputs,
        readable=python_paths(),
        limits=ChildLimits(MEMORY, 60),
        budget=budget,
        directory=directory,
    )  # fmt: skip


def three_pictures() -> Film:
    packets = Packets(Fraction(1, 1000))
    for number in range(3):
        packets.add(number * 1000, number * 1000, 1000, KEY)
    return Film("mov", Stream(0, "video", "mjpeg", 64, 48), Look(64, 48, "yuvj420p"), packets, intra_only=True)


async def taken(code: str, folder: Path) -> tuple[list[Frame], Sheets]:
    """Take the pictures and the storyboard that such a program gives."""
    film, options = three_pictures(), ExtractionOptions()
    recipe = Recipe("no program", folder / "film", film, options, LIMITS)
    planned = plan(film, options, most=10)
    budget = TimeBudget(20, quiet_seconds=5)
    sheets = Sheets(recipe, planned, budget)
    async with started(code, 4, budget, folder) as running:
        run = Decoding(running, recipe, planned, planned.pictures, sheets.tiling(planned.pictures, 0))
        try:
            frames = [frame async for frame in run.pictures(budget)]
            await sheets.close(run, len(frames))
            return frames, sheets
        finally:
            await run.stop_listening()


GOOD = """
    import struct
    jpeg = b"\\xff\\xd8\\xff\\xc0" + struct.pack(">HBHHB", 11, 8, 48, 64, 1) + bytes(20)
    for n in range(3):
        os.write(p[1], b"%d %d\\n" % (n, n * 1000))
        os.write(p[0], b"--ffmpeg\\r\\nContent-length: %d\\r\\n\\r\\n" % len(jpeg) + jpeg + b"\\r\\n")
"""


async def test_a_program_in_ffmpegs_place_that_speaks_as_ffmpeg_does_is_believed(tmp_path: Path):
    frames, _ = await taken(GOOD, tmp_path)
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48)] * 3


@pytest.mark.parametrize(
    ("line", "picture"),
    [
        (b"0 0\n", b"<html>" * 200),
        (b"0 0\n", b"--ffmpeg\r\nContent-length: -5\r\n\r\n" * 3),
        (b"0 0\n", b"--ffmpeg\r\nContent-length: 999999999999\r\n\r\n"),
        (b"0 0\n", b"--ffmpeg\r\nContent-length: 0\r\n\r\n"),
        (b"0 0\n", b"--ffmpeg\r\nContent-length: 9\r\n\r\nno jpeg!!"),
        (b"one picture\n", b"--ffmpeg\r\nContent-length: 1\r\n\r\n."),
        (b"1" * 5000 + b" 0\n", b"--ffmpeg\r\nContent-length: 1\r\n\r\n."),
        (b"", b"--ffmpeg\r\nContent-length: 1\r\n\r\n."),
    ],
)
async def test_a_decoder_that_tells_nonsense_is_the_films_fault(tmp_path: Path, line: bytes, picture: bytes):
    """To try it again would break it again, as where it crashes."""
    code = f"""
    os.write(p[0], {picture!r})
    os.write(p[1], {line!r})
    os.close(p[1])
    import time
    time.sleep(30)
    """
    with pytest.raises(ProcessingError) as caught:
        await taken(code, tmp_path)
    assert caught.value.failure is FailureCode.CORRUPT_VIDEO
    assert caught.value.message == "This video is damaged: its picture at 0.000 s cannot be decoded."


def part(picture: bytes) -> bytes:
    return b"--ffmpeg\r\nContent-length: %d\r\n\r\n%s\r\n" % (len(picture), picture)


def jpeg(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + bytes(20)


@pytest.mark.parametrize("pipe", [2, 3])
@pytest.mark.parametrize(
    "picture", [b"<html>" * 200, b"--ffmpeg\r\nContent-length: -1\r\n\r\n", b"\0", part(b"<html>"), part(jpeg(64, 48))]
)
async def test_small_pictures_that_are_none_and_go_on_and_on_cost_no_picture(tmp_path: Path, pipe: int, picture: bytes):
    code = f"""
    for _ in range(20):
        os.write(p[{pipe}], {picture!r} * ((1 << 20) // {len(picture)}))
    """
    frames, sheets = await taken(textwrap.dedent(code) + textwrap.dedent(GOOD), tmp_path)
    assert len(frames) == 3
    assert (sheets.board, sheets.finished) == (None, [])


async def test_a_sheet_of_the_right_size_is_believed(tmp_path: Path):
    code = f"""
    os.write(p[3], {part(jpeg(128, 96))!r})
    """
    frames, sheets = await taken(textwrap.dedent(code) + textwrap.dedent(GOOD), tmp_path)
    assert (len(frames), sheets.finished) == (3, [jpeg(128, 96)])


@pytest.mark.parametrize("scores", ["", "lavfi.scene_score=much\n"])
async def test_a_survey_that_tells_nonsense_is_the_films_fault(tmp_path: Path, scores: str):
    budget = TimeBudget(20, quiet_seconds=5)
    code = f"os.write(p[0], b'0 zero\\n'); os.write(p[1], {scores.encode()!r})"
    async with started(code, 2, budget, tmp_path) as run:
        with pytest.raises(ProcessingError) as caught:
            await found_by(run, 0.5 if scores else None, budget, lambda _: None)
    assert caught.value.failure is FailureCode.CORRUPT_VIDEO


async def test_a_sheet_without_end_is_given_up(tmp_path: Path):
    budget = TimeBudget(20, quiet_seconds=5)
    async with started("while True: os.write(p[0], bytes(1 << 20))", 1, budget, tmp_path) as running:
        assert await sheet_of(running, budget) == b""
        assert await running.ended() < 0


# ---------------------------------------------------------------- the decoders that inspecting opens


async def inspected(film: Path) -> Inspected:
    budget = TimeBudget(20)
    async with child(
        lambda outputs, _: [
            sys.executable,
            "-I",
            "-B",
            inspect_child.__file__,
            str(film),
            str(LIMITS.settings.max_pixels),
            str(outputs[0]),
            "",
        ],
        outputs=1,
        readable=[film, *python_paths()],
        directory=film.parent,
        limits=LIMITS.of_child(20),
        budget=budget,
    ) as running:
        return await read_inspection(running.outputs[0], budget, LIMITS.max_packets)  # fmt: skip


async def test_no_decoder_that_is_not_let_in_sees_the_film_while_it_is_inspected(tmp_path: Path):
    """A decoder corrects the size that a container's header tells wrongly: so it is known whether one was asked."""
    told = {}
    for codec in ("jpegls", "mjpeg"):  # The second is let in.
        film = tmp_path / f"{codec}.avi"
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=0.4", "-c:v", codec, film)
        film.write_bytes(film.read_bytes().replace(b"\xa0\0\0\0\x78\0\0\0", b"\x40\0\0\0\x30\0\0\0"))
        stream = (await inspected(film)).stream
        assert stream is not None
        told[stream.codec] = (stream.width, stream.height)
    assert told == {"jpegls": (64, 48), "mjpeg": (160, 120)}
    assert (await refusal_of(tmp_path / "jpegls.avi"))[0] is FailureCode.UNSUPPORTED_FORMAT
