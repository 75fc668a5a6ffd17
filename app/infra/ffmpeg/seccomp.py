"""A filter of system calls (seccomp(2)): no sockets, no further processes, no signals to others, no change of files.

Imports nothing of ours: the launcher runs it. It names what is refused and not what is allowed, so that a decoder's
next version still runs; calls that are younger than the table are unknown to the program, as on an older kernel.
"""

import ctypes
import errno
import os
import signal
import struct
import sys
from typing import Final

# Each with its number on x86-64 and on arm64 (Linux: syscall_64.tbl and include/uapi/asm-generic/unistd.h).
_REFUSED: Final = """
socket 41 198, socketpair 53 199, connect 42 203, bind 49 200, listen 50 201, accept 43 202, accept4 288 242,
sendto 44 206, sendmsg 46 211, sendmmsg 307 269, recvfrom 45 207, recvmsg 47 212, recvmmsg 299 243, shutdown 48 210,
getsockname 51 204, getpeername 52 205, setsockopt 54 208, getsockopt 55 209,
fork 57 -, vfork 58 -, execveat 322 281, ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271,
process_madvise 440 440, process_mrelease 448 448, kcmp 312 272, pidfd_open 434 434, pidfd_getfd 438 438,
pidfd_send_signal 424 424, setpgid 109 154, setsid 112 157,
unlink 87 -, unlinkat 263 35, rename 82 -, renameat 264 38, renameat2 316 276, mkdir 83 -, mkdirat 258 34, rmdir 84 -,
link 86 -, linkat 265 37, symlink 88 -, symlinkat 266 36, mknod 133 -, mknodat 259 33, creat 85 -, truncate 76 45,
ftruncate 77 46, fallocate 285 47, chmod 90 -, fchmod 91 52, fchmodat 268 53, chown 92 -, fchown 93 55, lchown 94 -,
fchownat 260 54, setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15,
fremovexattr 199 16, utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88,
mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51, setns 308 268, unshare 272 97, open_tree 428 428,
move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433, mount_setattr 442 442,
io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427, io_setup 206 0, io_submit 209 2,
bpf 321 280, keyctl 250 219, add_key 248 217, request_key 249 218, perf_event_open 298 241, userfaultfd 323 282,
memfd_create 319 279, memfd_secret 447 447, personality 135 92, name_to_handle_at 303 264, open_by_handle_at 304 265,
quotactl 179 60, quotactl_fd 443 443, fanotify_init 300 262, fanotify_mark 301 263,
setpriority 141 140, ioprio_set 251 30, sched_setscheduler 144 119, sched_setparam 142 118, sched_setattr 314 274,
sched_setaffinity 203 122, migrate_pages 256 238, move_pages 279 239,
setrlimit 160 164, setuid 105 146, setgid 106 144, setreuid 113 145, setregid 114 143, setresuid 117 147,
setresgid 119 149, setfsuid 122 151, setfsgid 123 152, setgroups 116 159, capset 126 91,
shmget 29 194, shmat 30 196, shmctl 31 195, msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187, semget 64 190,
semop 65 193, semctl 66 191, semtimedop 220 192, mq_open 240 180, mq_unlink 241 181, mq_timedsend 242 182,
mq_timedreceive 243 183, mq_notify 244 184, mq_getsetattr 245 185,
reboot 169 142, swapon 167 224, swapoff 168 225, kexec_load 246 104, kexec_file_load 320 294, init_module 175 105,
finit_module 313 273, delete_module 176 106, syslog 103 116, acct 163 89, settimeofday 164 170, clock_settime 227 112,
clock_adjtime 305 266, adjtimex 159 171, sethostname 170 161, setdomainname 171 162, ioperm 173 -, iopl 172 -,
modify_ldt 154 -, vhangup 153 58, uselib 134 -, ustat 136 -, sysfs 139 -, lookup_dcookie 212 18, nfsservctl 180 42
"""
# These depend on their arguments, or must seem not to exist, so that the C library takes the older way.
_WEIGHED: Final = """
kill 62 129, tkill 200 130, tgkill 234 131, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240, clone 56 220,
clone3 435 435, open 2 -, openat 257 56, openat2 437 437, prlimit64 302 261, prctl 157 167, rt_sigaction 13 134,
fcntl 72 25, seccomp 317 277
"""
_NEWEST: Final = 450
_X32: Final = 0x40000000

# Each with its column in the tables and its AUDIT_ARCH of linux/audit.h.
_ARCHITECTURES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_REFUSE: Final = 0x00050000 | errno.EPERM
_UNKNOWN: Final = 0x00050000 | errno.ENOSYS

_NUMBER: Final = 0  # Offsets into struct seccomp_data.
_ARCHITECTURE: Final = 4
_ARGUMENTS: Final = 16

_CLONE_THREAD: Final = 0x00010000
_CLONE_NEW: Final = 0x7E020000  # All kinds of namespaces.
_MAKES_A_FILE: Final = os.O_CREAT | os.O_TRUNC | 0o20000000  # The last is O_TMPFILE's own bit.
_OWNS_SIGNALS: Final = (8, 15)  # fcntl(2): F_SETOWN and F_SETOWN_EX have signals sent to anybody.
# Whoever may catch the first, as ffmpeg does, outlives its limit; whoever catches the others ends with a status that
# its own errors have too, so that nobody could tell who ended it.
_NOT_CAUGHT: Final = (signal.SIGXCPU, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
_THREAD_NAME: Final = (15, 16)  # prctl(2): PR_SET_NAME and PR_GET_NAME.

_FILTER: Final = 1  # SECCOMP_SET_MODE_FILTER
_SPECULATION_ALLOWED: Final = 4  # Kernels before 5.16 would slow a decoder that has no secrets of its own.
_ABSENT: Final = (errno.ENOSYS, errno.EINVAL, errno.EPERM)  # The last where a container's own filter refuses it.

Program = list[bytes]


def restrict_self() -> bool:
    """Install the filter, for good; return False where the kernel or the architecture has none.

    The process must have no new privileges (prctl(2), PR_SET_NO_NEW_PRIVS).

    :raises OSError: where the kernel has seccomp and refuses
    """
    if sys.platform != "linux" or os.uname().machine not in _ARCHITECTURES or sys.maxsize < 2**32:
        return False
    column, architecture = _ARCHITECTURES[os.uname().machine]
    return install(_filter(column, architecture, os.getpid()), _numbers(_WEIGHED, column)["seccomp"])


def install(program: Program, number: int) -> bool:
    """Have the kernel ask this program about every call from now on; ``number`` is that of seccomp(2)."""
    code = ctypes.create_string_buffer(b"".join(program))
    described = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (_SPECULATION_ALLOWED, 0):  # Kernels before 4.17 do not know the flag.
        if libc.syscall(*map(ctypes.c_long, (number, _FILTER, flags)), described) == 0:
            return True
    fault = ctypes.get_errno()
    if fault in _ABSENT:
        return False
    raise OSError(fault, f"seccomp: {os.strerror(fault)}")


def _filter(column: int, architecture: int, pid: int) -> Program:
    weighed: dict[str, Program] = {
        # To itself, as abort(3) does; exec keeps the number.
        **dict.fromkeys(("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"), _only(0, pid)),
        "clone": [
            _load(_argument(0)),
            _step(0x54, _CLONE_THREAD | _CLONE_NEW),
            *_if_equal(_CLONE_THREAD, [_answer(_ALLOW)]),
            _answer(_REFUSE),
        ],
        "clone3": [_answer(_UNKNOWN)],
        "open": _none_of(1, _MAKES_A_FILE),
        "openat": _none_of(2, _MAKES_A_FILE),
        "openat2": [_answer(_UNKNOWN)],
        # Its own limits may be read, by glibc's getrlimit.
        "prlimit64": [*_require(_argument(0), 0), *_require(_argument(2), 0), *_only(2, 0, high=True)],
        "prctl": _only(0, *_THREAD_NAME),
        "rt_sigaction": _never(0, *_NOT_CAUGHT),
        "fcntl": _never(1, *_OWNS_SIGNALS),
        "seccomp": [_answer(_ALLOW)],
    }
    program = [
        _load(_ARCHITECTURE),
        _step(0x15, architecture, yes=1),
        _answer(_KILL),
        _load(_NUMBER),
        _step(0x35, _X32, no=1),
        _answer(_KILL),
        _step(0x25, _NEWEST, no=1),
        _answer(_UNKNOWN),
    ]
    for name, number in _numbers(_WEIGHED, column).items():
        program += _if_equal(number, weighed[name])
    for number in _numbers(_REFUSED, column).values():
        program += _if_equal(number, [_answer(_REFUSE)])
    return [*program, _answer(_ALLOW)]


def _numbers(table: str, column: int) -> dict[str, int]:
    rows = (row.split() for row in table.split(","))
    return {name: int(numbers[column]) for name, *numbers in rows if numbers[column] != "-"}


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def _load(offset: int) -> bytes:
    return _step(0x20, offset)


def _answer(value: int) -> bytes:
    return _step(0x06, value)


def _if_equal(value: int, then: Program) -> Program:
    return [_step(0x15, value, no=len(then)), *then]


def _argument(index: int, *, high: bool = False) -> int:
    """Return where 32 of an argument's 64 bits lie; both architectures are little-endian."""
    return _ARGUMENTS + 8 * index + 4 * high


def _require(offset: int, value: int) -> Program:
    return [_load(offset), _step(0x15, value, yes=1), _answer(_REFUSE)]


def _only(index: int, *values: int, high: bool = False) -> Program:
    tests = [step for value in values for step in _if_equal(value, [_answer(_ALLOW)])]
    return [_load(_argument(index, high=high)), *tests, _answer(_REFUSE)]


def _never(index: int, *values: int) -> Program:
    tests = [step for value in values for step in _if_equal(value, [_answer(_REFUSE)])]
    return [_load(_argument(index)), *tests, _answer(_ALLOW)]


def _none_of(index: int, bits: int) -> Program:
    return [_load(_argument(index)), _step(0x45, bits, no=1), _answer(_REFUSE), _answer(_ALLOW)]
