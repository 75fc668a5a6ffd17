"""Becomes a program that may do very little.

    main(): parent=PID memory=BYTES cpu=SECONDS [read=PATH ...] -- PROGRAM [ARGUMENT ...]

A process of its own, because setting limits between fork and exec of a process with threads is not safe in Python;
setting them here and then calling exec is. It imports, beside the standard library, only its two neighbours; not
pathlib, which would take a third of the start of every child.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from app.infra.ffmpeg import landlock, seccomp

START: Final = (
    f"import sys; sys.path.append({__file__.rsplit(os.sep, 4)[0]!r}); from app.infra.ffmpeg import launcher; launcher."
)
"""What Python is given with ``-I -S -B -c``, and ``main()`` or ``tell()`` behind it."""

FAULT: Final = "launcher: "
"""How a line begins that tells of a fault of the machine and not of the video."""

FAULT_CODE: Final = 71
"""The launcher's own exit code (EX_OSERR of sysexits(3)); ffmpeg has no error that would become it."""

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_PR_CAPBSET_DROP: Final = 24
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAP_DAC_READ_SEARCH: Final = 2
_CAPABILITIES: Final = 64
_CLONE_NEWUSER: Final = 0x10000000  # unshare(2)
_CLONE_NEWNET: Final = 0x40000000
_NICENESS: Final = 10
ITS_OWN: Final = (
    signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS,
)  # fmt: skip
"""What a program that falls over gets of the kernel, or sends itself.

All others are sent by an operator, by an orchestrator, or by the kernel for want of memory that others may have taken.
"""
_OPEN_FILES: Final = 64
_NOT_EVERYWHERE: Final = () if sys.platform == "linux" else (ValueError, OSError)
"""How macOS refuses to bound the address space."""

_LIBRARIES: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
_ELF: Final = b"\x7fELF\x02"
_PT_INTERP: Final = 3


def main() -> None:
    """Take on the limits and become the program; a line that begins with ``FAULT`` says why that failed."""
    end = sys.argv.index("--")
    options = [option.partition("=")[::2] for option in sys.argv[1:end]]
    command = sys.argv[end + 1 :]
    given = dict(options)
    try:
        _limit(int(given["memory"]), int(given["cpu"]))
        _leave_the_network()
        _give_up_privileges()
        _die_with(int(given["parent"]))
        landlock.restrict_self(_rules(command[0], [path for name, path in options if name == "read"]))
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)  # Whoever started us may ignore it.
        filtered = seccomp.restrict_self()  # The last but one, for it forbids what the others need.
        _hear_none_but_its_own(out_of_time=filtered)
        os.execv(command[0], command)  # noqa: S606 - this is what the launcher is for; no shell takes part
    except OSError as fault:
        sys.stderr.write(f"{FAULT}{fault.errno} {fault.strerror}\n")
        sys.exit(FAULT_CODE)


def tell() -> None:
    """Take on what the kernel has, and print it: Landlock's ABI, then whether seccomp and whether no network."""
    alone = _leave_the_network()
    _give_up_privileges()
    print(landlock.restrict_self([]), int(seccomp.restrict_self()), int(alone))  # noqa: T201 - its parent reads it


def _limit(memory_bytes: int, cpu_seconds: int) -> None:
    os.umask(0o077)
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),  # Pipes are no files: nothing may be written to the disk.
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        _, hard = resource.getrlimit(limit)
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # One second more until it is killed, so that it ends by the signal that says why.
        highest = lowest + 1 if limit == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else lowest
        with contextlib.suppress(*_NOT_EVERYWHERE):
            resource.setrlimit(limit, (lowest, highest))


def _hear_none_but_its_own(*, out_of_time: bool) -> None:
    """Block what others may send, except for SIGKILL: whoever means the worker, as systemd(1) does, signals its group.

    The worker hears the same, and it alone decides whether to end, or to finish what it has in hand. And ffmpeg, which
    catches some of these, would tidy up and end with a status that its own errors have too. So it does after SIGXCPU,
    where no filter keeps it from catching that: without one it is killed a second later.
    """
    theirs = signal.valid_signals() - set(ITS_OWN) - ({signal.SIGXCPU} if out_of_time else set())
    signal.pthread_sigmask(signal.SIG_SETMASK, theirs)


def _leave_the_network() -> bool:
    """Be in a network namespace of its own, where the kernel lets us, with a user namespace if need be."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None)
    return any(libc.unshare(namespaces) == 0 for namespaces in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def prctl(option: int, value: int) -> int:
    """Set something of this process, which is possible on Linux alone; return 0 where the kernel refused nothing."""
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)) if sys.platform == "linux" else 0


def _give_up_privileges() -> None:
    if prctl(_PR_SET_NO_NEW_PRIVS, 1) != 0:
        raise OSError(ctypes.get_errno(), "no new privileges: refused")
    # Root's program keeps the one capability that may be why it can be read at all.
    for capability in set(range(_CAPABILITIES)) - {_CAP_DAC_READ_SEARCH}:
        prctl(_PR_CAPBSET_DROP, capability)


def _die_with(parent: int) -> None:
    # After unshare, which takes this back where it changes the credentials.
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It died before prctl was heard.
        os.kill(os.getpid(), signal.SIGKILL)


def _rules(program: str, readable: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Return what may be opened: what was named, the libraries, and to be executed the program and its ELF loader."""
    for path in (*_LIBRARIES, *readable, "/dev/urandom"):
        yield path, landlock.READ_FILE | landlock.READ_DIR
    yield "/dev/null", landlock.READ_FILE | landlock.WRITE_FILE
    yield program, landlock.READ_FILE | landlock.EXECUTE
    if loader := _loader(program):
        yield loader, landlock.READ_FILE | landlock.EXECUTE


def _loader(program: str) -> str | None:
    """Return the path that an ELF file of 64 bits names in its program header PT_INTERP (elf(5)), if it does."""
    with open(program, "rb") as file:  # noqa: PTH123 - see the top
        header = file.read(64)
        if not header.startswith(_ELF):
            return None
        table, size, count = (int.from_bytes(header[a:b], sys.byteorder) for a, b in ((32, 40), (54, 56), (56, 58)))
        for index in range(count):
            file.seek(table + index * size)
            entry = file.read(size)
            if int.from_bytes(entry[:4], sys.byteorder) == _PT_INTERP:
                file.seek(int.from_bytes(entry[8:16], sys.byteorder))
                return os.fsdecode(file.read(int.from_bytes(entry[32:40], sys.byteorder)).rstrip(b"\0"))
    return None
