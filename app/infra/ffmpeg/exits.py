"""What a child's end means: a failure of the video, a fault of the machine, or all well.

Only the exit status decides. What ffmpeg says is meant for people and changes with its version.
"""

import errno
import os
import re
import signal
from typing import Final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg import launcher
from app.usecases.ports.frames import DecoderUnavailable

# What a program that falls over gets of the kernel, or sends itself. All others are sent by an operator, by an
# orchestrator, or by the kernel for want of memory that others may have taken.
_ITS_OWN: Final = frozenset(
    -number
    for number in (
        signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS,
    )
)  # fmt: skip
_OUT_OF_TIME: Final = -signal.SIGXCPU

# ffmpeg's main returns an AVERROR, of which the status has the lowest byte: 256 - errno, or 256 - the first letter.
_OUT_OF_MEMORY: Final = frozenset({256 - errno.ENOMEM, 256 - errno.EAGAIN})  # The latter of a thread without a stack.
_OUT_OF_REACH: Final = frozenset(256 - number for number in (errno.ENOENT, errno.EACCES, errno.ENFILE))
_FOR_NOW: Final = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EINTR})
_NOT_FOUND: Final = 8  # All AVERRORs of names that it does not know: options, decoders, filters.


def classify_exit(
    code: int, *, words: bytes = b"", out_of_time: bool = False, out_of_memory: bool = False
) -> Exception | None:
    """Return what the end of any child means that nobody here has killed; None where its own exit code decides.

    ``code`` is negative for a signal. ``words`` are its last words, of which only the launcher's own count.
    ``out_of_time`` and ``out_of_memory`` say that it had used up what it may.
    An ``OSError`` is a passing fault of the machine, a ``ProcessingError`` the video's.
    """
    if code == launcher.FAULT_CODE:
        number = _errno(words)
        said = f"a child could not be started: {os.strerror(number)}"
        return OSError(number, said) if number in _FOR_NOW else DecoderUnavailable(said)
    if code in _ITS_OWN:
        return _broken(out_of_memory)
    if code == _OUT_OF_TIME or (code < 0 and out_of_time):
        return ProcessingError(FailureCode.TIMED_OUT)
    return OSError(errno.ECHILD, f"a child was ended from outside by {_name(-code)}") if code < 0 else None


def classify_ffmpeg_exit(
    code: int, *, words: bytes = b"", out_of_time: bool = False, out_of_memory: bool = False
) -> Exception | None:
    """Return what the end of an ffmpeg that nobody here has killed means; None where it did its work.

    See ``classify_exit``; a ``RuntimeError`` is a mistake of ours.
    """
    fault = classify_exit(code, words=words, out_of_time=out_of_time, out_of_memory=out_of_memory)
    if fault or code == 0:
        return fault
    if code in _OUT_OF_REACH:
        return OSError(errno.ECHILD, f"ffmpeg could not reach its file: {os.strerror(256 - code)}")
    if code == _NOT_FOUND:
        return RuntimeError("ffmpeg does not know our arguments")
    return _broken(out_of_memory or code in _OUT_OF_MEMORY)


def _broken(out_of_memory: bool) -> ProcessingError:
    return ProcessingError(FailureCode.OUT_OF_MEMORY if out_of_memory else FailureCode.CORRUPT_VIDEO)


def _name(number: int) -> str:
    return signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"


def _errno(words: bytes) -> int:
    found = re.search(rf"^{launcher.FAULT}(\d{{1,4}}) ".encode(), words, re.MULTILINE)
    return int(found[1]) if found else errno.EIO
