"""What a decoder that a hostile file has taken over would try: ``prisoner_process.py <source> <port> <name> <pipe>``.

Tells by the pipe, a line of JSON for each table, how each attempt ended: "done", or the name of the error. Then it
becomes another program, or tells why it could not.
"""

import ctypes
import errno
import fcntl
import json
import os
import platform
import resource
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

SOURCE, PORT, NAME, PIPE = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
BESIDE: Final = SOURCE.parent / "beside"
PARENT: Final = os.getppid()
ON_ARM: Final = platform.machine() == "aarch64"

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def call(on_intel: int, on_arm: int, *arguments: int | bytes | None) -> int:
    number = on_arm if ON_ARM else on_intel
    given = (ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)
    result = int(libc.syscall(ctypes.c_long(number), *given))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def split(process: int) -> None:
    """End the new process, and wait for it in the old one."""
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)


def connect(family: int, address: tuple[str, int] | str) -> None:
    with socket.socket(family) as connection:
        connection.settimeout(5)
        connection.connect(address)


def visit(path: Path) -> None:
    path.touch()
    path.unlink()


def signal_itself() -> None:
    """Send itself a signal, as abort(3) does."""
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.raise_signal(signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)


def run_a_thread() -> None:
    ran = threading.Event()
    thread = threading.Thread(target=ran.set)
    thread.start()
    thread.join()
    assert ran.is_set()


NEEDED: Final[dict[str, Callable[[], object]]] = {
    "read the source": SOURCE.read_bytes,
    "run a thread": run_a_thread,
    "signal itself": signal_itself,
    "read its limits": lambda: resource.getrlimit(resource.RLIMIT_STACK),
    "read random bytes": lambda: os.read(os.open("/dev/urandom", os.O_RDONLY), 8),
    "count the cores": lambda: os.sched_getaffinity(0),
}
"""What a decoder may do."""

POSSIBLE: Final[dict[str, Callable[[], object]]] = {
    "read a file beside": BESIDE.read_bytes,
    "read a file of the system": Path("/etc/passwd").read_bytes,
    "list the source's folder": lambda: list(SOURCE.parent.iterdir()),
    "read its parent's environment": Path(f"/proc/{PARENT}/environ").read_bytes,
    "read its parent's command line": Path(f"/proc/{PARENT}/cmdline").read_bytes,
    "make a file": (SOURCE.parent / "new").touch,
    "make a file elsewhere": lambda: visit(Path(f"/tmp/{NAME}")),
    "make a folder": (SOURCE.parent / "folder").mkdir,
    "make a link": lambda: (SOURCE.parent / "link").symlink_to("/etc/passwd"),
    "make a hard link": lambda: (SOURCE.parent / "hard").hardlink_to(SOURCE),
    "open the source to write": lambda: os.open(SOURCE, os.O_WRONLY),
    "cut the source": lambda: os.truncate(SOURCE, 1),
    "change the source's mode": lambda: SOURCE.chmod(0o640),
    "change the source's times": lambda: os.utime(SOURCE, (0, 0)),
    "rename a file": lambda: BESIDE.rename(SOURCE.parent / "elsewhere"),
    "remove a file": (SOURCE.parent / "third").unlink,
    "open a socket": lambda: socket.socket().close(),
    "open a pair of sockets": socket.socketpair,
    "connect to the loopback": lambda: connect(socket.AF_INET, ("127.0.0.1", PORT)),
    "connect to an abstract socket": lambda: connect(socket.AF_UNIX, f"\0{NAME}"),
    "fork": lambda: split(os.fork()),
    "fork by the bare call": lambda: split(call(56, 220, signal.SIGCHLD, 0, 0, 0, 0)),
    "spawn a program": lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0),
    "signal its parent": lambda: os.kill(PARENT, 0),
    "signal its parent's thread": lambda: call(234, 131, PARENT, PARENT, 0),
    "signal its parent by a descriptor": lambda: signal.pidfd_send_signal(os.pidfd_open(PARENT), 0),
    "signal all": lambda: os.kill(-1, 0),
    "have signals sent to its parent": lambda: fcntl.fcntl(PIPE, fcntl.F_SETOWN, PARENT),
    "slow its parent down": lambda: os.setpriority(os.PRIO_PROCESS, PARENT, 1),
    "read its parent's limits": lambda: resource.prlimit(PARENT, resource.RLIMIT_CPU),
    "change its own limits": lambda: call(302, 261, 0, resource.RLIMIT_NOFILE, struct.pack("QQ", 32, 64), 0),
    "outlive its parent": lambda: libc.prctl(1, 0, 0, 0, 0) == 0 or call(157, 167, 1, 0, 0, 0, 0),
    "be deaf to its limit": lambda: signal.signal(signal.SIGXCPU, signal.SIG_IGN),
    "share memory": lambda: call(31, 195, call(29, 194, 0, 4096, 0o600), 0, 0),
    "have a file in memory": lambda: os.memfd_create("memory"),
}
"""What any program of an ordinary user can do, and a decoder must not."""

OTHERS: Final[dict[str, Callable[[], object]]] = {
    # PTRACE_SEIZE, which does not stop it.
    "trace its parent": lambda: call(101, 117, 0x4206, PARENT, 0, 0),
    "read its parent's memory": lambda: call(310, 270, PARENT, bytes(64), 1, bytes(64), 1, 0),
    "open its parent's memory": Path(f"/proc/{PARENT}/mem").open,
    "clone into a namespace": lambda: split(call(56, 220, signal.SIGCHLD | 0x10000000, 0, 0, 0, 0)),
    "mount": lambda: call(165, 40, b"none\0", b"/no/such/folder\0", b"tmpfs\0", 0, 0),
    "change the root": lambda: os.chroot("/"),
    "use io_uring": lambda: call(425, 425, 1, bytes(256)),
    "keep a key": lambda: call(248, 217, b"user\0", b"k\0", b"v", 1, -2),
    "clone by the younger call": lambda: split(
        call(435, 435, struct.pack("11Q", *(4 * [0]), signal.SIGCHLD, *(6 * [0])), 88)
    ),
    "open by the younger call": lambda: call(437, 437, -100, b"/etc/passwd\0", bytes(24), 24),
    "call what is younger than the table": lambda: call(451, 451, 0, 0, 0, 0),
    "be another user": lambda: os.setuid(1),
    "have a user namespace": lambda: call(272, 97, 0x10000000),
}
"""What some kernels and containers let nobody do."""


# The C library is a program too, and may be read.
PROGRAMS: Final = ["/bin/true", *map(str, [*Path("/lib").glob("*/libc.so.6"), *Path("/lib64").glob("libc.so.6")])]


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as fault:
        return errno.errorcode.get(fault.errno or 0, repr(fault))
    return "done"


def main() -> None:
    for attempts in (NEEDED, POSSIBLE, OTHERS):
        told = {name: outcome(attempt) for name, attempt in attempts.items()}
        os.write(PIPE, json.dumps(told).encode() + b"\n")
    refused = [outcome(partial(os.execv, path, [path])) for path in PROGRAMS]
    os.write(PIPE, json.dumps(refused).encode() + b"\n")


if __name__ == "__main__":
    main()
