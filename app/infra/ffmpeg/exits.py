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

# ffmpeg's main returns an AVERROR, of which the status has the lowest byte: 256 - errno, or 256 - the first letter.
_OUT_OF_MEMORY: Final = frozenset({256 - errno.ENOMEM, 256 - errno.EAGAIN})  # The latter of a thread without a stack.
_OUT_OF_REACH: Final = frozenset(256 - number for number in (errno.ENOENT, errno.EACCES, errno.ENFILE))
_FOR_NOW: Final = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EINTR})
_NOT_FOUND: Final = 8  # All AVERRORs of names that it does not know: options, decoders, filters.


def classify_exit(
    code: int, *, words: bytes = b"", out_of_time: bool = False, out_of_memory: bool = False
) -> Exception | None:
    """Return what the end of a child means that nobody here has killed; None where it did its work.

    ``code`` is negative for a signal. ``words`` are its last words, of which only the launcher's own count.
    ``out_of_time`` and ``out_of_memory`` say that it had used up what it may.
    An ``OSError`` is a passing fault of the machine, a ``ProcessingError`` the video's, a ``RuntimeError`` a mistake of
    ours.
    """
    if code == launcher.FAULT_CODE:
        number = _errno(words)
        said = f"a child could not be started: {os.strerror(number)}"
        return OSError(number, said) if number in _FOR_NOW else DecoderUnavailable(said)
    if code < 0 and -code not in launcher.ITS_OWN:
        if -code == signal.SIGXCPU or out_of_time:
            return ProcessingError(FailureCode.TIMED_OUT)
        return OSError(errno.ECHILD, f"a child was ended from outside by {_name(-code)}")
    if code in _OUT_OF_REACH:
        return OSError(errno.ECHILD, f"ffmpeg could not reach its file: {os.strerror(256 - code)}")
    if code == _NOT_FOUND:
        return RuntimeError("ffmpeg does not know our arguments")
    full = out_of_memory or code in _OUT_OF_MEMORY
    return ProcessingError(FailureCode.OUT_OF_MEMORY if full else FailureCode.CORRUPT_VIDEO) if code else None


def _name(number: int) -> str:
    return signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"


def _errno(words: bytes) -> int:
    found = re.search(rf"^{launcher.FAULT}(\d{{1,4}}) ".encode(), words, re.MULTILINE)
    return int(found[1]) if found else errno.EIO
