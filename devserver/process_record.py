"""Which children run, on disk, so that a start after a crash can end what the crash left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

_START_TIME: Final = 22 - 3
"""Field 22 of proc_pid_stat(5); the first two are gone once the text after the name's last bracket is split."""


_KILL_SECONDS: Final = 2.0
"""A killed process may still have to wait for its disk; we do not."""


def started_at(pid: int) -> str | None:
    """Return when a process began, in whatever unit the system has; None where there is none, or only a zombie.

    Together with the pid it names one process for ever: a pid alone may long belong to somebody else.
    """
    if not sys.platform.startswith("linux"):
        return _started_at_by_ps(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else f"{boot} {fields[_START_TIME]}"


def _started_at_by_ps(pid: int) -> str | None:
    answer = subprocess.run(  # noqa: S603  # A fixed command and a number.
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


def write(file: Path, pids: Collection[int]) -> None:
    """Record these processes in place of all recorded before."""
    entries = {str(pid): began for pid in pids if (began := started_at(pid)) is not None}
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(entries))
    unfinished.replace(file)


def read(file: Path) -> list[int]:
    """Return those recorded processes that still run."""
    try:
        entries: dict[str, str] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return []
    return [int(pid) for pid, began in entries.items() if started_at(int(pid)) == began]


def reap(file: Path, limit_seconds: float) -> int:
    """End what is recorded and still runs: ask first, and kill what has not ended by the limit. Say how many."""
    left = read(file)
    _signal(left, signal.SIGTERM)
    end = time.monotonic() + limit_seconds
    while read(file) and time.monotonic() < end:
        time.sleep(0.05)
    _signal(read(file), signal.SIGKILL)
    while read(file) and time.monotonic() < end + _KILL_SECONDS:
        time.sleep(0.05)
    file.unlink(missing_ok=True)
    return len(left)


def _signal(pids: Collection[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            # Each child leads a group of its own; killing it takes what it has started with it.
            (os.killpg if number == signal.SIGKILL else os.kill)(pid, number)
