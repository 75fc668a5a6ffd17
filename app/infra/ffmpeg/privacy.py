"""Keeps what decodes strangers' files from reading whoever started it."""

import ctypes
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def keep_private() -> None:
    """Let no process of the same user read this one's memory and environment (prctl(2), PR_SET_DUMPABLE).

    The decoder runs as our user, and where it may have no user namespace of its own, as in most containers, both would
    be open to it, and our keys are in them. Elsewhere than on Linux this does nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
