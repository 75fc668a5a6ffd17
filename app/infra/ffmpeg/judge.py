"""What a child's end means: a failure of the video, a fault of the machine, or all well."""

import errno
import os
import re
import signal
from typing import Final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg import launcher

LOG_BYTES: Final = 64 * 1024
"""How much of what a child says is kept: damaged input can make it say a million lines."""

# Sound is never decoded, so its decoders are not allowed, and ffmpeg says so when it looks at the file. Where it is
# the picture's decoder the child fails in any case.
_HARMLESS: Final = re.compile(r"\[\S+ @ \w+\] Codec \(\S+\) not on whitelist .*|\s*")
_OUT_OF_MEMORY: Final = re.compile(
    r"Cannot allocate memory|Resource temporarily unavailable|get_buffer\(\) failed|Out of memory|std::bad_alloc"
)
_TOO_LARGE: Final = re.compile(r"exceeds specified max pixel count|Picture size \d+x\d+ is invalid")
_NOT_ALLOWED: Final = re.compile(r"(?:Format|Protocol).{0,40} not on whitelist")
_WRONG_USE: Final = 8  # AVERROR_OPTION_NOT_FOUND, as an exit code.


def complaints(log: bytes) -> list[str]:
    """Give the lines that count; only whole lines do."""
    lines = log.decode(errors="replace").split("\n")[:-1]
    return [line for line in lines if not _HARMLESS.fullmatch(line)]


def judge(exit_code: int, log: bytes, *, killed: bool) -> None:
    """Return where the child did its work without a complaint.

    ``killed`` says that we ended it, because it complained.

    :raises ProcessingError: where the video is to blame
    :raises OSError: where the machine is; trying again can help
    """
    if not killed:
        judge_opening(exit_code, log)
    said = complaints(log + b"\n")
    if exit_code != 0 or said:
        raise ProcessingError(blame("\n".join(said)))


def judge_opening(exit_code: int, log: bytes) -> None:
    """Return where ffmpeg could be started and ended by itself, well or not.

    :raises OSError: where the machine is to blame
    """
    text = log.decode(errors="replace")
    if fault := re.search(rf"^{launcher.FAULT}(\d+) ", text, re.MULTILINE):
        number = int(fault[1])
        raise OSError(number, f"ffmpeg could not be started: {os.strerror(number)}")
    if exit_code == -signal.SIGKILL:
        # Nobody here did it: most likely the kernel, for want of memory that others may have taken.
        raise OSError(errno.ENOMEM, "ffmpeg was killed from outside")
    if exit_code == _WRONG_USE:
        raise RuntimeError(f"ffmpeg does not know our arguments: {text}")


def blame(text: str) -> FailureCode:
    """Say what is wrong with a video of which ffmpeg said this."""
    if _TOO_LARGE.search(text):
        return FailureCode.TOO_LARGE_PICTURE
    if _NOT_ALLOWED.search(text):
        return FailureCode.UNSUPPORTED_FORMAT
    if _OUT_OF_MEMORY.search(text):
        return FailureCode.OUT_OF_MEMORY
    return FailureCode.CORRUPT_VIDEO
