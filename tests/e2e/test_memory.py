"""Nothing reads a whole file into memory."""

import asyncio
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import imageio_ffmpeg
import pytest

from tests.e2e.client import Person
from tests.e2e.conftest import Up

GIB = 1024**3
MIB = 1024**2


@pytest.fixture(scope="module")
def large_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of just over 1 GiB: barely compressed pictures, 26 s of them."""
    path = tmp_path_factory.mktemp("large") / "large.avi"
    subprocess.run(
        [
            *[imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=30:d=26"],
            *["-c:v", "rawvideo", "-pix_fmt", "yuv420p", str(path)],
        ],
        check=True,
    )
    assert path.stat().st_size > GIB
    return path


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


def processes(up: Up) -> dict[int, str]:
    """Give the API's and the workers' process ids with their commands; ffmpeg is no part of it."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        ours = f"FIAPX_WORK_DIR={up.data}".encode() in environment
        named = [word.decode() for word in words if word in (b"api", b"worker")]
        if ours and named and b"-m" in words:
            found[int(folder.name)] = named[0]
    return found


async def test_a_gigabyte_passes_through_the_api_and_a_worker_in_bounded_memory(
    up: Up, large_video: Path, samples: Path
):
    async with Person(up.url, f"{uuid4().hex}@example.com") as ana, asyncio.timeout(240):
        await ana.register()
        for _ in range(4):  # What is loaded on first use is no growth.
            await ana.until_final((await ana.upload(samples / "bikes.mp4"))["id"])
        watched = processes(up)
        assert sorted(set(watched.values())) == ["api", "worker"]
        before = {pid: resident_bytes(pid) for pid in watched}
        most = dict(before)
        done = asyncio.Event()

        async def measure() -> None:
            while not done.is_set():
                for pid in watched:
                    most[pid] = max(most[pid], resident_bytes(pid))
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            group.create_task(measure())
            video = await ana.upload(large_video)
            final = await ana.until_final(video["id"])
            done.set()
    assert (final["status"], final["result"]["frameCount"]) == ("COMPLETED", 26), final
    growth = {f"{name} {pid}": (most[pid] - before[pid]) / MIB for pid, name in watched.items()}
    assert max(growth.values()) < 32, growth
