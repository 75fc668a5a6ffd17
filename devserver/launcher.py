"""Become another program that gets SIGTERM when the process that started it is no more (Linux, prctl(2)).

Called as ``launcher.py PARENT COMMAND...`` by a bare interpreter: it imports nothing of this package.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("The process that started this has ended already.")
    signal.signal(
        signal.SIGPIPE, signal.SIG_DFL
    )  # Python ignores it, and what is ignored stays so in the next program.
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  # The command comes from this package.
