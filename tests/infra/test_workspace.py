import signal
import subprocess
import sys
from pathlib import Path

from app.infra.workspace import Workspace

ROOT = Path(__file__).parents[2]
HOLD = """
import asyncio, sys
from pathlib import Path
from app.infra.workspace import Workspace

async def hold():
    async with Workspace(Path(sys.argv[1])).directory() as directory:
        (directory / "source").write_bytes(b"x")
        print(directory, flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


async def test_a_directory_is_private_empty_and_gone_afterwards(tmp_path: Path):
    async with Workspace(tmp_path / "work").directory() as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
        assert list(directory.iterdir()) == []
        (directory / "source").write_bytes(b"x")
    assert not directory.exists()


async def test_what_a_killed_worker_left_goes_and_what_a_live_one_uses_stays(tmp_path: Path):
    live, dead = (
        subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    )
    try:
        assert live.stdout is not None
        assert dead.stdout is not None
        used, abandoned = Path(live.stdout.readline().strip()), Path(dead.stdout.readline().strip())
        dead.send_signal(signal.SIGKILL)
        dead.wait(10)
        assert abandoned.exists()
        async with Workspace(tmp_path).directory():
            assert not abandoned.exists()
            assert (used / "source").exists()
    finally:
        for process in (live, dead):
            process.kill()
            process.communicate()
