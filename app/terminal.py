"""What the commands of people have in common, whether they need a service or none."""

import asyncio
import signal
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final

_OF_SIGNALS: Final = 128
"""With this and a signal's number ends what a signal ended, as shells say it."""
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"
_UNITS: Final = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


async def until_ended(work: Awaitable[int]) -> int:
    """Do the work, and return the exit code; a signal ends it in good order, with that signal's code."""
    working = asyncio.ensure_future(work)
    ended_by: list[int] = []

    def end(number: int) -> None:
        if not ended_by:  # Whoever is tidying up is not to be disturbed.
            ended_by.append(number)
            working.cancel()

    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # As under nohup(1).
            asyncio.get_running_loop().add_signal_handler(number, end, number)
    await asyncio.wait([working])
    if ended_by:
        with suppress(asyncio.CancelledError, Exception):  # What it ends with is the signal's number.
            working.result()
        return _OF_SIGNALS + ended_by[0]
    return working.result()


def plain(text: str) -> str:
    """Return a text, in which names are strangers' words, without what a terminal would obey."""
    return "".join(c if c.isprintable() else _UNPRINTABLE for c in text)


def size(count: int) -> str:
    """Return so many bytes in the largest unit."""
    for unit, of in _UNITS:
        if count >= of:
            return f"{count / of:.1f} {unit}"
    return f"{count} bytes"
