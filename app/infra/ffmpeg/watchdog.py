"""Ends a child that is waited for and makes no progress.

Progress is a byte on one of its pipes or a byte that it reads; a decoder that looks for one picture in a long film
gives nothing for minutes, but it reads. A child that keeps a processor busy without either is the video's fault, and
one that does not even do that (stopped, starved, or waiting for a disk that is gone) is the machine's.
"""

import asyncio
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg.budget import TimeBudget

_LOOKS: Final = 10
"""How often it looks within the time that a child may stall, and at least once a second."""

_BUSY: Final = 0.5
"""Which share of one processor's time makes a child busy."""

_PATIENCE: Final = 2.0
"""How much processor time, by the time that a child may stall, a busy one has for one byte."""


@final
@dataclass(frozen=True, slots=True)
class Vitals:
    """What the kernel tells of a process; None where it does not (not Linux, or not ours to know)."""

    read: int | None
    """Bytes, from files and pipes."""
    cpu_seconds: float | None
    """Of all its threads."""

    @classmethod
    def of(cls, pid: int) -> "Vitals":
        """Read them from /proc (proc(5))."""
        return cls(_read(pid), _cpu_seconds(pid))


def _read(pid: int) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line[7:]) for line in lines if line.startswith("rchar: ")), None)


def _cpu_seconds(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


_GONE: Final = Vitals(None, None)


@final
class Watchdog:
    """Watches one child until it is cancelled; ``cpu_seconds`` is what it had used at the last look."""

    def __init__(
        self,
        pid: int,
        received: Callable[[], int],
        alive: Callable[[], bool],
        budget: TimeBudget,
        cpu_limit: float,
    ) -> None:
        self.cpu_seconds = 0.0
        self.interval = min(1.0, budget.stall_seconds / _LOOKS)
        self._pid = pid
        self._received = received
        self._alive = alive
        self._budget = budget
        self._cpu_limit = cpu_limit

    async def fault(self) -> Exception:
        """Return what is wrong with the child, once something is.

        A ``ProcessingError`` (TIMED_OUT) blames the video, an ``OSError`` the machine.
        """
        loop = asyncio.get_running_loop()
        since, cpu_then, seen = loop.time(), 0.0, (-1, -1)
        while True:
            # Once it is gone its number may be another's; what is waited for then is a pipe that somebody else holds.
            vitals = Vitals.of(self._pid) if self._alive() else _GONE
            self.cpu_seconds = max(self.cpu_seconds, vitals.cpu_seconds or 0.0)
            if self.cpu_seconds >= self._cpu_limit:
                return ProcessingError(FailureCode.TIMED_OUT)
            now = self._received(), vitals.read or 0
            if now != seen or not self._budget.waiting:
                since, cpu_then, seen = loop.time(), self.cpu_seconds, now
            quiet, worked = loop.time() - since, self.cpu_seconds - cpu_then
            if quiet >= self._budget.stall_seconds:
                if worked < _BUSY * quiet:
                    return OSError(errno.ETIMEDOUT, f"a child made no progress for {quiet:.0f} s and did not work")
                # Where nobody knows what it reads, a busy child may be at work: its limits must do.
                if vitals.read is not None and worked >= _PATIENCE * self._budget.stall_seconds:
                    return ProcessingError(FailureCode.TIMED_OUT)
            await asyncio.sleep(self.interval)
