"""Landlock (landlock(7)): which files a process can open, and no way out by TCP, abstract sockets or signals.

Imports nothing of ours: the launcher runs it.
"""

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

EXECUTE: Final = 1 << 0
WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3

_OF_FILES: Final = EXECUTE | WRITE_FILE | READ_FILE  # A rule for a file may name no other right.
_FILE_SYSTEM: Final = ((1, 13), (2, 14), (3, 15), (5, 16))  # From which ABI on so many of the rights are known.
_TCP: Final = 0b11  # Bind and connect.
_SCOPED: Final = 0b11  # Abstract unix sockets and signals stay among those who are confined with it.
_TCP_ABI: Final = 4
_SCOPED_ABI: Final = 6

_CREATE_RULESET: Final = 444  # The same number on every architecture.
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION: Final = 1
_PATH_BENEATH: Final = 1

# Older than 5.13, switched off at boot, or kept from us by a container's own filter.
_ABSENT: Final = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)
_OUT_OF_REACH: Final = (FileNotFoundError, NotADirectoryError, PermissionError)


def restrict_self(rules: Iterable[tuple[str, int]]) -> int:
    """Take away every right to files but the given ones; return the kernel's ABI, or 0 where it has no Landlock.

    A rule is a path, of a file or of a folder with all beneath it, and rights. The process must have no new
    privileges (prctl(2), PR_SET_NO_NEW_PRIVS).

    :raises OSError: where the kernel has Landlock and refuses
    """
    if sys.platform != "linux":
        return 0
    try:
        abi = _call(_CREATE_RULESET, None, 0, _VERSION)
    except OSError as fault:
        if fault.errno in _ABSENT:
            return 0
        raise
    handled = (1 << max(rights for since, rights in _FILE_SYSTEM if since <= abi)) - 1
    attributes = struct.pack("=Q", handled)
    if abi >= _TCP_ABI:
        attributes += struct.pack("=Q", _TCP)  # Handled, and no rule allows it.
    if abi >= _SCOPED_ABI:
        attributes += struct.pack("=Q", _SCOPED)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    for path, rights in rules:
        with suppress(*_OUT_OF_REACH):  # What this process cannot reach, the program cannot either.
            _allow(ruleset, path, rights & handled)
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _OF_FILES
        _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    result = int(libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *arguments))))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
