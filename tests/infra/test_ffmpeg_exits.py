"""What the end of a child means; the ends of ffmpeg are taken from the ffmpeg that we ship."""

import errno
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import ChildLimits, child
from app.infra.ffmpeg.exits import classify_exit

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ENDLESS = ("-f", "lavfi", "-i", "testsrc=size=1280x720:duration=100000", "-f", "null", "-")
PICTURES = ("-f", "lavfi", "-i", "testsrc=duration=1")


def meaning(fault: Exception | None) -> FailureCode | type[Exception] | None:
    if isinstance(fault, ProcessingError):
        return fault.failure
    return type(fault) if fault else None


async def end_of(
    arguments: Sequence[str], folder: Path, *, memory: int = 2 * 1024**3, number: signal.Signals | None = None
) -> Exception | None:
    """Let ffmpeg do this, send it a signal once it works, and say what its end means."""
    budget = TimeBudget(60)
    async with child(
        lambda pipes, _: [FFMPEG, "-nostdin", "-v", "error", "-progress", f"pipe:{pipes[0]}", *arguments],
        outputs=1,
        readable=[folder],
        limits=ChildLimits(memory, 60),
        budget=budget,
        directory=folder,
    ) as running:
        if number:
            await budget.wait(running.outputs[0].readuntil(b"progress=continue\n"))
            os.kill(running.pid, number)
        await budget.wait(running.outputs[0].read())
        code = await budget.wait(running.ended())
        words = await running.last_words()
        return classify_exit(code, words=words, out_of_time=running.out_of_time, out_of_memory=running.out_of_memory)


async def test_an_end_from_outside_is_never_blamed_on_the_video(tmp_path: Path):
    fault = await end_of(ENDLESS, tmp_path, number=signal.SIGKILL)
    assert meaning(fault) is ChildProcessError
    assert "from outside" in str(fault)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM])
async def test_what_is_sent_to_the_workers_group_does_not_reach_ffmpeg(tmp_path: Path, number: signal.Signals):
    assert await end_of(("-t", "60", *ENDLESS), tmp_path, number=number) is None


async def test_a_video_that_makes_ffmpeg_fall_over_is_to_blame(tmp_path: Path):
    assert meaning(await end_of(ENDLESS, tmp_path, number=signal.SIGSEGV)) is FailureCode.CORRUPT_VIDEO


async def test_ffmpeg_cannot_catch_the_signal_of_its_processor_time(tmp_path: Path):
    """Left to itself it tidies up and ends as if somebody had stopped it."""
    assert meaning(await end_of(ENDLESS, tmp_path, number=signal.SIGXCPU)) is FailureCode.TIMED_OUT


async def test_a_file_that_is_no_video_is_to_blame(tmp_path: Path):
    file = tmp_path / "noise"
    file.write_bytes(bytes(range(256)) * 400)
    fault = await end_of(("-i", f"file:{file}", "-f", "null", "-"), tmp_path)
    assert meaning(fault) is FailureCode.CORRUPT_VIDEO


async def test_a_file_that_is_gone_is_not_the_videos_fault(tmp_path: Path):
    fault = await end_of(("-i", f"file:{tmp_path / 'gone'}", "-f", "null", "-"), tmp_path)
    assert meaning(fault) is ChildProcessError


async def test_too_little_memory_is_told_from_damage(tmp_path: Path):
    many = (*ENDLESS[:4], "-vf", "reverse", *ENDLESS[4:])  # It holds all pictures before it gives the last.
    assert meaning(await end_of(many, tmp_path, memory=600 * 1024**2)) is FailureCode.OUT_OF_MEMORY


@pytest.mark.parametrize("wrong", [("-nonsense", "1", *ENDLESS), (*PICTURES, "-vf", "nonsense", "-f", "null", "-")])
async def test_arguments_that_ffmpeg_does_not_know_are_our_mistake(tmp_path: Path, wrong: Sequence[str]):
    assert meaning(await end_of(wrong, tmp_path)) is RuntimeError


async def test_pictures_that_all_came_are_a_good_end(tmp_path: Path):
    assert await end_of((*PICTURES, "-f", "null", "-"), tmp_path) is None


@pytest.mark.parametrize(
    ("code", "out_of_time", "expected"),
    [
        (0, False, None),
        (0, True, None),
        (69, False, FailureCode.CORRUPT_VIDEO),  # More pictures could not be decoded than -max_error_rate allows.
        (183, False, FailureCode.CORRUPT_VIDEO),  # AVERROR_INVALIDDATA
        (244, False, FailureCode.OUT_OF_MEMORY),  # ENOMEM
        (245, False, FailureCode.OUT_OF_MEMORY),  # EAGAIN: a thread that found no room for its stack.
        (255, False, FailureCode.CORRUPT_VIDEO),  # A decoder's own: signals it cannot catch.
        (-signal.SIGKILL, True, FailureCode.TIMED_OUT),  # The kernel's, at the hard limit.
        (-signal.SIGKILL, False, ChildProcessError),
        (-signal.SIGTERM, False, ChildProcessError),
        (-signal.SIGUSR1, False, ChildProcessError),
        (-signal.SIGRTMAX, False, ChildProcessError),
        (-33, False, ChildProcessError),  # One that has no name.
        (-signal.SIGABRT, False, FailureCode.CORRUPT_VIDEO),
        (-signal.SIGSYS, False, FailureCode.CORRUPT_VIDEO),
    ],
)
def test_every_end_has_one_meaning(code: int, expected: FailureCode | type[Exception] | None, *, out_of_time: bool):
    assert meaning(classify_exit(code, out_of_time=out_of_time)) is expected


def test_what_ffmpeg_says_decides_nothing():
    said = b"launcher: 12 not ours\nCannot allocate memory\nexceeds specified max pixel count\n"
    assert meaning(classify_exit(183, words=said)) is FailureCode.CORRUPT_VIDEO
    assert classify_exit(0, words=said) is None


def test_whatever_fails_with_its_memory_full_needs_more_of_it():
    for code in (69, 234, -signal.SIGABRT):
        assert meaning(classify_exit(code, out_of_memory=True)) is FailureCode.OUT_OF_MEMORY
    assert classify_exit(0, out_of_memory=True) is None


def test_a_machine_that_cannot_start_a_child_says_so():
    fault = classify_exit(71, words=b"launcher: 11 Resource temporarily unavailable\n")
    assert isinstance(fault, OSError)
    assert fault.errno == errno.EAGAIN
