import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg.child import Patience, child

MEMORY = 1024**3
ROOT = Path(__file__).parents[2]


def python(code: str) -> Callable[[Sequence[int]], list[str]]:
    return lambda pipes: [sys.executable, "-I", "-S", "-c", textwrap.dedent(code), *map(str, pipes)]


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


async def test_a_child_knows_and_may_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIAPX_JWT_SECRET", "not for a decoder")
    inherited = socket.socket()  # Python's are not inheritable, this one would be.
    inherited.set_inheritable(True)
    code = """
        import json, os, resource, sys
        limits = {n: resource.getrlimit(getattr(resource, "RLIMIT_" + n))[1] for n in ("AS", "CORE", "FSIZE", "NOFILE")}
        told = dict(env=sorted(os.environ), cwd=os.getcwd(), umask=os.umask(0), nice=os.nice(0), limits=limits,
            leader=os.getsid(0) == os.getpid(), fds=sorted(map(int, os.listdir("/proc/self/fd"))),
            no_new_privileges="NoNewPrivs:\\t1" in open("/proc/self/status").read())
        os.write(int(sys.argv[1]), json.dumps(told).encode())
    """
    with inherited:
        async with child(python(code), outputs=1, directory=tmp_path, memory_bytes=MEMORY) as running:
            told = json.loads(await running.outputs[0].read())
            assert await running.ended() == 0, await running.log.read()
    assert set(told["env"]) <= {"MALLOC_ARENA_MAX", "LC_CTYPE"}
    assert told["cwd"] == str(tmp_path)
    assert told["umask"] == 0o077
    assert told["nice"] >= 10
    assert told["leader"]
    assert told["no_new_privileges"]
    assert told["limits"] == {"AS": MEMORY, "CORE": 0, "FSIZE": 0, "NOFILE": 64}
    assert len(told["fds"]) == 5  # Three of its own, the pipe, and the folder that it lists.


async def test_a_child_that_ignores_sigterm_is_gone_when_its_block_is_left(tmp_path: Path):
    code = """
        import os, signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            os.write(int(sys.argv[1]), b"%d\\n" % os.getpid())
        time.sleep(600)
    """
    async with child(python(code), outputs=1, directory=tmp_path, memory_bytes=MEMORY) as running:
        grandchild = int(await running.outputs[0].readline())
        os.kill(running.pid, signal.SIGTERM)
        assert alive(running.pid)
    assert not Path(f"/proc/{running.pid}").exists()  # Not even a zombie.
    await until(lambda: not alive(grandchild))


async def test_a_cancelled_owner_leaves_no_child(tmp_path: Path):
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    sleeping = python("import time; time.sleep(600)")

    async def own() -> None:
        async with child(sleeping, outputs=0, directory=tmp_path, memory_bytes=MEMORY) as running:
            started.set_result(running.pid)
            await running.ended()

    task = asyncio.create_task(own())
    pid = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not Path(f"/proc/{pid}").exists()


async def test_no_descriptor_is_left_behind(tmp_path: Path):
    async def once() -> None:
        async with child(python("pass"), outputs=3, directory=tmp_path, memory_bytes=MEMORY) as running:
            await running.ended()

    await once()
    await asyncio.sleep(0)
    before = open_files()
    for _ in range(5):
        await once()
    await until(lambda: open_files() <= before)


async def test_the_child_dies_with_a_parent_that_was_killed(tmp_path: Path):
    code = f"""
        import asyncio, pathlib, sys
        sys.path.insert(0, {str(ROOT)!r})
        from app.infra.ffmpeg.child import child

        async def main():
            command = [sys.executable, "-I", "-c", "import time; time.sleep(600)"]
            here = pathlib.Path({str(tmp_path)!r})
            async with child(lambda _: command, outputs=0, directory=here, memory_bytes={MEMORY}) as c:
                for _ in range(1000):  # Until the launcher has become the program, its limits set.
                    if b"launcher" not in pathlib.Path(f"/proc/{{c.pid}}/cmdline").read_bytes():
                        break
                    await asyncio.sleep(0.01)
                print(c.pid, flush=True)
                await c.ended()

        asyncio.run(main())
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        assert alive(pid)
        parent.kill()
    await until(lambda: not alive(pid))


async def test_a_program_that_cannot_be_started_is_told_from_one_that_fails(tmp_path: Path):
    async with child(lambda _: ["/no/such/program"], outputs=0, directory=tmp_path, memory_bytes=MEMORY) as running:
        assert await running.ended() == 1
        assert (await running.log.read()).startswith(b"launcher: 2 ")


async def test_patience_counts_only_the_waiting():
    patience = Patience(0.5)
    for _ in range(3):
        await patience.wait(asyncio.sleep(0.01))
        await asyncio.sleep(0.25)  # A slow consumer.
    with pytest.raises(ProcessingError) as caught:
        await patience.wait(asyncio.sleep(60))
    assert caught.value.failure is FailureCode.TIMED_OUT
