"""What the machine has, or the part of it that a container's control group leaves us."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

_FOLDERS: Final = {"": ("", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}
"""By the controllers that /proc/self/cgroup names: where its groups lie in /sys/fs/cgroup, and the file of their limit.

The second version of cgroups(7) names none, the first names each hierarchy's own.
"""


def memory_bytes(root: Path = Path("/")) -> int:
    """Return how much memory all processes of this machine or container may use together."""
    return min([_physical(root), *_limits(root)])


def _physical(root: Path) -> int:
    with suppress(FileNotFoundError):  # As on macOS.
        for line in (root / "proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _limits(root: Path) -> Iterator[int]:
    """Return the limits of our group and of all above it; what a container sees may begin anywhere on that way."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller not in _FOLDERS:
                continue
            folder, name = _FOLDERS[controller]
            group = PurePosixPath(path.lstrip("/"))
            for one in (group, *group.parents):
                with suppress(OSError, ValueError):  # There is none there, or it is "max".
                    yield int((root / "sys/fs/cgroup" / folder / one / name).read_text(encoding="ascii"))
