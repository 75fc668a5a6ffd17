import os
import shutil
import signal
import subprocess
import sys
import tempfile
from errno import ENOSPC
from pathlib import Path

import pytest

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


async def test_what_has_no_room_is_not_begun(tmp_path: Path):
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(OSError, match="No space left") as told:
        async with Workspace(tmp_path).directory(2 * free):
            pass
    assert told.value.errno == ENOSPC
    assert list(tmp_path.iterdir()) == []
    async with Workspace(tmp_path).directory(free // 2) as directory:
        assert directory.exists()


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


@pytest.mark.parametrize("made", ["as a link", "as a folder"])
async def test_a_folder_that_somebody_else_made_in_the_temporary_folder_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    theirs, place = tmp_path / "theirs", tmp_path / f"fiapx-{os.getuid()}"
    theirs.mkdir(mode=0o777)
    if made == "as a folder" and os.getuid() == 0:
        place.mkdir(mode=0o777)
        os.chown(place, 65534, 65534)
    else:  # Only root can make a folder in somebody else's name.
        place.symlink_to(theirs)
    with pytest.raises(PermissionError, match=f"{place} is another user's: .* FIAPX_WORK_DIR"):
        async with Workspace(None).directory():
            pass
    assert not [*place.iterdir()]


async def test_our_own_folder_in_the_temporary_folder_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place = tmp_path / f"fiapx-{os.getuid()}"
    place.mkdir()
    place.chmod(0o777)
    async with Workspace(None).directory() as directory:
        assert directory.parent == place
        assert place.stat().st_mode & 0o777 == 0o700
