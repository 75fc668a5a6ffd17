import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import Child, ChildLimits, child
from app.infra.ffmpeg.confinement import python_paths
from app.infra.ffmpeg.exits import classify_exit
from app.infra.ffmpeg.last_words import FIRST_BYTES, LAST_BYTES
from app.usecases.ports.frames import DecoderUnavailable

MEMORY = 1024**3
ROOT = Path(__file__).parents[2]


def start(
    code: str,
    budget: TimeBudget | None = None,
    *,
    outputs: int = 1,
    inputs: Sequence[bytes] = (),
    readable: Sequence[Path] = (),
    cpu_seconds: int = 60,
    directory: Path = ROOT,
) -> AbstractAsyncContextManager[Child]:
    """Start a Python program that gets the numbers of its pipes."""
    isolated = [sys.executable, "-I", "-S", "-B", "-c", textwrap.dedent(code)]
    return child(
        lambda writing, reading: [*isolated, *map(str, writing), *map(str, reading)],
        outputs=outputs,
        inputs=inputs,
        readable=[*python_paths(), *readable],
        limits=ChildLimits(MEMORY, cpu_seconds),
        budget=budget or TimeBudget(60),
        directory=directory,
    )


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def until(true: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)


async def test_a_child_has_no_environment_no_open_files_and_few_resources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FIAPX_JWT_SECRET", "not for a decoder")
    inherited = socket.socket()  # Python's are not inheritable, this one would be.
    inherited.set_inheritable(True)
    code = """
        import json, os, resource, sys
        names = ("AS", "CORE", "CPU", "FSIZE", "NOFILE")
        told = dict(env=sorted(os.environ), cwd=os.getcwd(), umask=os.umask(0), nice=os.getpriority(os.PRIO_PROCESS, 0),
            limits={name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in names},
            leader=os.getsid(0) == os.getpid(), fds=sorted(map(int, os.listdir("/proc/self/fd"))),
            status=open("/proc/self/status").read())
        os.write(int(sys.argv[1]), json.dumps(told).encode())
    """
    with inherited:
        async with start(code, directory=tmp_path, readable=[Path("/proc")]) as running:
            told = json.loads(await running.outputs[0].read())
            assert await running.ended() == 0, await running.last_words()
    assert set(told["env"]) <= {"MALLOC_ARENA_MAX", "LC_CTYPE"}
    assert told["cwd"] == str(tmp_path)
    assert told["umask"] == 0o077
    assert told["nice"] >= 10
    assert told["leader"]
    status = dict(line.split(":\t", 1) for line in told["status"].splitlines())
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["CapEff"], 16) in (0, 0b100)  # At most root's right to read.
    bounds = {"AS": MEMORY, "CORE": 0, "FSIZE": 0, "NOFILE": 64}
    assert told["limits"] == {"CPU": [60, 61]} | {name: [value, value] for name, value in bounds.items()}
    assert len(told["fds"]) == 5  # Three of its own, the pipe, and the folder that it lists.


async def test_a_child_that_ignores_sigterm_is_gone_when_its_block_is_left():
    code = """
        import os, signal, sys, time
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        os.write(int(sys.argv[1]), b"deaf\\n")
        time.sleep(600)
    """
    async with start(code) as running:
        await running.outputs[0].readline()
        os.kill(running.pid, signal.SIGTERM)
        assert alive(running.pid)
    assert not Path(f"/proc/{running.pid}").exists()  # Not even a zombie.


async def test_a_cancelled_owner_leaves_no_child():
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def own() -> None:
        async with start("import time; time.sleep(600)") as running:
            started.set_result(running.pid)
            await running.ended()

    task = asyncio.create_task(own())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{pid}").exists()


async def test_no_descriptor_is_left_behind():
    async def once() -> None:
        async with start("pass", outputs=3, inputs=[b"short", bytes(4 * 1024**2)]) as running:
            await running.ended()

    await once()
    await asyncio.sleep(0)
    before = open_files()
    for _ in range(5):
        await once()
    await until(lambda: open_files() <= before)


async def test_the_child_dies_with_a_parent_that_was_killed():
    code = f"""
        import asyncio, pathlib, sys
        sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests/infra")!r}]
        from test_ffmpeg_child import start

        async def main():
            async with start("import os, sys, time; os.write(int(sys.argv[1]), b'.'); time.sleep(600)") as running:
                await running.outputs[0].readexactly(1)
                print(running.pid, flush=True)
                await running.ended()

        asyncio.run(main())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        assert alive(pid)
        parent.kill()
    await until(lambda: not alive(pid))


async def test_a_program_that_cannot_be_started_is_told_from_one_that_fails(tmp_path: Path):
    async with child(
        lambda *_: ["/no/such/program"],
        outputs=0,
        readable=[],
        limits=ChildLimits(MEMORY, 60),
        budget=TimeBudget(60),
        directory=tmp_path,
    ) as running:
        fault = classify_exit(await running.ended(), words=await running.last_words())
    with pytest.raises(DecoderUnavailable, match="could not be started"):
        raise fault or AssertionError


async def test_what_is_given_comes_through_pipes_of_any_length():
    given = [b"short", bytes(4 * 1024**2)]
    code = """
        import os, sys
        output, *inputs = map(int, sys.argv[1:])
        os.write(output, b" ".join(b"%d" % len(os.fdopen(number, "rb").read()) for number in inputs))
    """
    async with start(code, inputs=given) as running:
        assert await running.outputs[0].read() == b"5 4194304"


# ---------------------------------------------------------------- a child can never hang its owner


async def test_a_stopped_child_is_ended_and_nobody_blames_the_video():
    budget = TimeBudget(60, quiet_seconds=1.0)
    async with start("import os, sys, time; os.write(int(sys.argv[1]), b'.'); time.sleep(600)", budget) as running:
        await budget.wait(running.outputs[0].readexactly(1))
        os.kill(running.pid, signal.SIGSTOP)
        with pytest.raises(OSError, match="made no progress"):
            await budget.wait(running.outputs[0].read())
    assert not alive(running.pid)


@pytest.mark.slow
async def test_a_child_that_works_without_reading_or_writing_is_ended_and_the_video_blamed():
    budget = TimeBudget(60, quiet_seconds=0.5)
    async with start("while True: pass", budget) as running:
        with pytest.raises(ProcessingError) as caught:
            await budget.wait(running.outputs[0].read())
        assert await running.ended() == -signal.SIGKILL
    assert caught.value.failure is FailureCode.TIMED_OUT


async def test_a_child_whose_threads_wait_for_each_other_is_the_videos_fault():
    budget = TimeBudget(60, quiet_seconds=1.0)
    async with start("import threading; threading.Event().wait()", budget) as running:
        with pytest.raises(ProcessingError) as caught:
            await budget.wait(running.outputs[0].read())
    assert caught.value.failure is FailureCode.TIMED_OUT


@pytest.mark.slow
async def test_a_child_that_works_for_ever_because_nothing_fits_into_its_memory_is_told_from_a_slow_one():
    code = """
        held = []
        while True:
            try:
                held.append(bytearray(32 * 1024 * 1024))
            except MemoryError:
                pass
    """
    budget = TimeBudget(60, quiet_seconds=0.5)
    async with start(code, budget) as running:
        with pytest.raises(ProcessingError) as caught:
            await budget.wait(running.outputs[0].read())
        assert running.out_of_memory
    assert caught.value.failure is FailureCode.OUT_OF_MEMORY


@pytest.mark.slow
async def test_a_child_that_reads_its_film_and_gives_nothing_yet_is_let_work(tmp_path: Path):
    film = tmp_path / "film"
    film.write_bytes(bytes(1024**2))
    code = f"""
        import os, sys, time
        with open({str(film)!r}, "rb", buffering=0) as film:
            for _ in range(30):
                film.seek(0)
                film.read(4096)
                time.sleep(0.1)
        os.write(int(sys.argv[1]), b"the one picture")
    """
    budget = TimeBudget(60, quiet_seconds=2.0)
    async with start(code, budget, readable=[film]) as running:
        assert await budget.wait(running.outputs[0].read()) == b"the one picture"


async def test_a_slow_consumer_is_no_stall_of_the_child():
    code = """
        import os, sys
        output = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
        for _ in range(16):
            output.write(bytes(1024 * 1024))  # More than all pipes and readers hold.
    """
    budget = TimeBudget(60, quiet_seconds=0.5)
    async with start(code, budget) as running:
        size = len(await budget.wait(running.outputs[0].read(65536)))
        await asyncio.sleep(1.5)
        while piece := await budget.wait(running.outputs[0].read(1024 * 1024)):
            size += len(piece)
        assert await budget.wait(running.ended()) == 0
    assert size == 16 * 1024**2


async def test_a_child_that_complains_without_end_neither_waits_nor_fills_our_memory():
    code = """
        import os, sys
        os.write(2, b"first words\\n")
        for _ in range(50):
            sys.stderr.buffer.write(b"error while decoding\\n" * 50_000)
        os.write(int(sys.argv[1]), b"the picture")
        os.write(2, b"last words\\n")
    """
    budget = TimeBudget(60)
    async with start(code, budget) as running:
        assert await budget.wait(running.outputs[0].read()) == b"the picture"
        assert await budget.wait(running.ended()) == 0
        words = await running.last_words()
    assert words.startswith(b"first words\n")
    assert b"\n[...]\n" in words
    assert words.endswith(b"last words\n")
    assert FIRST_BYTES + LAST_BYTES < len(words) < FIRST_BYTES + LAST_BYTES + 100


@pytest.mark.slow
async def test_the_kernel_ends_a_child_that_has_used_its_processor_time_even_if_it_would_not_hear():
    code = """
        import signal
        try:
            signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        except OSError:
            pass
        while True: pass
    """
    async with start(code, cpu_seconds=1) as running:
        while alive(running.pid):
            time.sleep(0.05)  # noqa: ASYNC251 - The worker itself hangs, and with it the watchdog.
        code_at_end = await running.ended()
    fault = classify_exit(code_at_end)
    assert code_at_end == -signal.SIGXCPU
    assert isinstance(fault, ProcessingError)
    assert fault.failure is FailureCode.TIMED_OUT


async def test_the_time_of_a_budget_counts_only_the_waiting():
    budget = TimeBudget(0.5)
    for _ in range(3):
        await budget.wait(asyncio.sleep(0.01))
        await asyncio.sleep(0.25)  # A slow consumer.
    with pytest.raises(ProcessingError) as caught:
        await budget.wait(asyncio.sleep(60))
    assert caught.value.failure is FailureCode.TIMED_OUT


async def test_the_time_of_concurrent_waits_counts_once():
    budget = TimeBudget(1.5)
    async with asyncio.timeout(5):
        await asyncio.gather(*(budget.wait(asyncio.sleep(0.5)) for _ in range(8)))
        await budget.wait(asyncio.sleep(0.5))
        with pytest.raises(ProcessingError):
            await budget.wait(asyncio.sleep(60))


async def test_overlapping_waits_do_not_stop_the_clock():
    budget = TimeBudget(0.6)

    async def from_then_on(seconds: float) -> None:
        await asyncio.sleep(seconds)
        await budget.wait(asyncio.sleep(0.35))

    *_, last = await asyncio.gather(*map(from_then_on, (0, 0.25, 0.5)), return_exceptions=True)
    assert isinstance(last, ProcessingError)


async def test_a_time_out_of_the_awaited_itself_stays_what_it_is():
    async def away() -> None:
        raise TimeoutError("the disk")

    with pytest.raises(TimeoutError, match="the disk"):
        await TimeBudget(60).wait(away())
