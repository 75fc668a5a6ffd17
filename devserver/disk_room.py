"""Room on the disk under the embedded object storage, so that who deletes videos on a full disk gets it back."""

import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from devserver.child import Child
from devserver.program import Program

MIB: Final = 1024**2

_LOOK_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 300.0
"""A tidying that takes longer is ended; another begins with the next change."""
_SMALLEST_VOLUME, _LARGEST_VOLUME = 64 * MIB, 256 * MIB


def volume_bytes(folder: Path) -> int:
    """Return how large a volume of objects may become: what is tidied is written anew, and needs as much room.

    SeaweedFS itself would take a hundredth of the disk and up to 1 GiB, which no disk that is nearly full has.
    """
    hundredth = max(1, shutil.disk_usage(folder).total // 100)
    power_of_two: int = 1 << math.ceil(math.log2(hundredth))
    return min(_LARGEST_VOLUME, max(_SMALLEST_VOLUME, power_of_two))


@final
class DiskRoom:
    """Keeps a reserve, and has the storage tidied as soon as something was deleted, where the disk is nearly full.

    ``reserve_bytes`` is what the service must leave: uploads stop there, while there still is room for the largest
    volume to be written anew. Others may fill the disk nevertheless; for them a file is kept that is given up then, and
    taken back when there is room for it.
    """

    def __init__(self, folder: Path, volumes: Path, tidying: Callable[[list[int]], Program], log: Path) -> None:
        self._folder = folder
        self._volumes = volumes
        self._tidying = tidying
        self._log = log
        self._held = folder / "reserve"
        largest = max((file.stat().st_size for file in volumes.glob("*.dat")), default=0)
        # Volumes become somewhat larger than they may, by what is on its way to them.
        self._size = max(2 * volume_bytes(folder), largest + _SMALLEST_VOLUME)
        self._child: Child | None = None
        self._child_ends_at = 0.0
        self._seen = 0
        self._next_look = 0.0

    @property
    def reserve_bytes(self) -> int:
        """The least that the service must leave free."""
        # Below a hundredth SeaweedFS takes nothing any more, nor does it tidy up by itself.
        return shutil.disk_usage(self._folder).total // 100 + self._size + self._low

    @property
    def _low(self) -> int:
        return self._size // 4

    def look(self, say: Callable[[str], None]) -> None:
        """See once a second what is to be done, and do it without waiting for its end."""
        if (now := time.monotonic()) < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        try:
            free = shutil.disk_usage(self._folder).free
            self._hold(free, say)
            if free < 2 * self.reserve_bytes:
                self._tidy(now)
        except OSError as error:
            say(f"The disk could not be looked at: {error}.")

    def close(self) -> None:
        """End what is under way."""
        if self._child is not None:
            self._child.kill()

    def _hold(self, free: int, say: Callable[[str], None]) -> None:
        held = self._held.exists()
        if held and free < self._low:
            self._held.unlink()
            say(f"The disk is full: {self._size // MIB} MiB of reserve are given up for tidying. Free some space.")
        elif not held and free >= self._size + self.reserve_bytes:
            _allocate(self._held, self._size)

    def _tidy(self, now: float) -> None:
        """Begin to tidy, where anything has changed since that was done last."""
        if self._child is not None and self._child.runs:
            if now > self._child_ends_at:
                self._child.kill()
            return
        written = {file: file.stat().st_mtime_ns for file in self._volumes.glob("*.idx")}
        changed = max(written.values(), default=0)
        if changed == self._seen:
            return
        self._seen = changed
        # The smallest first: what they give back makes room for the larger ones.
        by_size = sorted(written, key=lambda file: file.with_suffix(".dat").stat().st_size)
        self._child = Child(self._tidying([int(file.stem.rpartition("_")[2]) for file in by_size]), self._log)
        self._child_ends_at = now + _LONGEST_SECONDS
        self._child.start()


def _allocate(file: Path, size: int) -> None:
    unfinished = file.with_suffix(".part")
    try:
        with unfinished.open("wb") as opened:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(opened.fileno(), 0, size)
            else:
                for _ in range(0, size, MIB):
                    opened.write(bytes(MIB))
        unfinished.replace(file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
