"""A disk whose power can be cut: ext4 on a loop device, shut down without writing what was not asked to be written."""

import fcntl
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest

_SHUTDOWN: Final = 0x8004587D
"""EXT4_IOC_SHUTDOWN, of <linux/ext4.h>."""
_NO_LOG_FLUSH: Final = 2
"""EXT4_GOING_FLAGS_NOLOGFLUSH: neither data nor the journal's open transaction reach the disk any more."""


def what_is_missing() -> str | None:
    """Say why no power can be cut on this machine, if none can."""
    return _of_the_machine() or _of_its_programs()


def _of_its_programs() -> str | None:
    programs = [name for name in ("losetup", "mkfs.ext4", "mount", "umount", "unshare") if shutil.which(name) is None]
    if programs:
        return f"Cutting the power of a disk takes {' and '.join(programs)} (Debian: e2fsprogs, mount, util-linux)."
    return None


def _of_the_machine() -> str | None:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "Cutting the power of a disk takes Linux and root."
    if shutil.which("losetup") and subprocess.run(["losetup", "--find"], capture_output=True, check=False).returncode:
        return "Cutting the power of a disk takes a loop device, and this machine gives none."
    return None


def insist_on_a_disk() -> None:
    """Skip the test on a machine that can have no such disk; where only a program is missing, CI fails."""
    if sentence := _of_the_machine():
        pytest.skip(sentence)
    if sentence := _of_its_programs():
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


class CutDisk:
    """A file system of its own at ``folder``. What was written and not synced is gone after ``cut``, as with the power.

    What the kernel had already written by itself stays, and the loop device keeps its writes in order: a drive that
    lies about its cache is not shown.
    """

    def __init__(self, place: Path, megabytes: int) -> None:
        self.folder = place / "disk"
        self._image = place / "disk.image"
        self._megabytes = megabytes

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        with self._image.open("wb") as image:
            image.truncate(self._megabytes * 1024**2)
        # Nothing is left for the kernel to initialise later, which would write at moments that are not ours. No blocks
        # are kept for root, who runs this.
        now = "lazy_itable_init=0,lazy_journal_init=0"
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-E", now, str(self._image)], check=True)
        self._mount()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Lazily, since a test that failed may still have something open there.
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False)
        self._image.unlink()

    def cut(self) -> None:
        """Cut the power of the disk; whoever still runs gets errors from it."""
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def power_on(self) -> None:
        """Mount it anew, once nobody uses it any more."""
        subprocess.run(["umount", str(self.folder)], check=True)
        self._mount()

    def _mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", str(self._image), str(self.folder)], check=True)
