"""Becomes a program that may do very little: ``python -I -S launcher.py <memory bytes> <parent's pid> <program> ...``.

A file of its own that imports nothing of ours, because it runs as its own process: setting limits between fork and
exec of a process with threads is not safe in Python, setting them here and then calling exec is.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from typing import Final

FAULT: Final = "launcher: "
"""How a line begins that tells of a fault of the machine and not of the video."""

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000  # unshare(2)
_CLONE_NEWNET: Final = 0x40000000
_NICENESS: Final = 10
_OPEN_FILES: Final = 64


def _confine(memory_bytes: int, parent: int) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        # No network at all, where the kernel lets us; the allow-list of protocols stands in any case.
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # After unshare, which takes this back where it changes the credentials.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # It died before prctl was heard.
            os.kill(os.getpid(), signal.SIGKILL)
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),  # Pipes are no files: nothing may be written to the disk.
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        _, hard = resource.getrlimit(limit)
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (lowest, lowest))


def main() -> None:
    """Take on the limits and become the program; a line that begins with ``FAULT`` says why that failed."""
    memory_bytes, parent, *command = sys.argv[1:]
    try:
        _confine(int(memory_bytes), int(parent))
        os.execv(command[0], command)  # noqa: S606 - this is what the launcher is for; no shell takes part
    except OSError as fault:
        sys.exit(f"{FAULT}{fault.errno} {fault.strerror}")


if __name__ == "__main__":
    main()
