"""Ends a child that is waited for and makes no progress.

Progress is a byte on one of its pipes or a byte that it reads; a decoder that looks for one picture in a long film
gives nothing for minutes, but it reads. A child that keeps a processor busy without either, or whose threads all wait
for each other, is the video's fault; one that is stopped, starved, or waits for a disk that is gone is the machine's.
"""

import asyncio
import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg.budget import TimeBudget

_LOOKS: Final = 10
"""How often it looks within the time that a child may stall, and at least every quarter of a second."""

_INTERVAL: Final = 0.25

_BUSY: Final = 0.05
"""Which share of one processor's time makes a child busy: on a crowded machine one that is nice gets little more."""

_LONGEST_WORK: Final = 2.0
"""How much processor time, by the time that a child may stall, a busy one has for one byte."""

_CROWDED: Final = 7 / 8
"""From which share of its memory on a child fails for want of it: what does not fit is a picture, or several."""

_ASLEEP: Final = b"S"


@final
@dataclass(frozen=True, slots=True)
class Vitals:
    """What the kernel tells of a process; None where it does not (not Linux, or not ours to know)."""

    read: int | None
    """Bytes, from files and pipes."""
    cpu_seconds: float | None
    """Of all its threads."""
    peak_bytes: int | None
    """The most address space that it has had so far."""

    @classmethod
    def of(cls, pid: int) -> "Vitals":
        """Read them from /proc (proc(5))."""
        peak = _number(f"/proc/{pid}/status", "VmPeak:")
        return cls(_number(f"/proc/{pid}/io", "rchar:"), _cpu_seconds(pid), peak and peak * 1024)


_GONE: Final = Vitals(None, None, None)


def _number(file: str, label: str) -> int | None:
    try:
        words = Path(file).read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return None
    return int(words[words.index(label) + 1]) if label in words else None


def _fields(file: Path) -> Sequence[bytes]:
    """Return what a stat file has behind the name: the state first."""
    return file.read_bytes().rpartition(b")")[2].split()


def _cpu_seconds(pid: int) -> float | None:
    try:
        fields = _fields(Path(f"/proc/{pid}/stat"))
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def _sleeps(pid: int) -> bool:
    """Whether every thread waits, and for no disk."""
    try:
        states = [_fields(thread / "stat")[0] for thread in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return set(states) == {_ASLEEP}


@final
class Watchdog:
    """Watches one child until it is cancelled.

    ``cpu_seconds`` is what it had used at the last look, ``crowded`` whether its memory was all but full by then.
    """

    def __init__(
        self,
        pid: int,
        received: Callable[[], int],
        alive: Callable[[], bool],
        budget: TimeBudget,
        cpu_limit: float,
        memory_limit: int,
    ) -> None:
        self.cpu_seconds = 0.0
        self.crowded = False
        self.interval = min(_INTERVAL, budget.stall_seconds / _LOOKS)
        self._pid = pid
        self._received = received
        self._alive = alive
        self._budget = budget
        self._cpu_limit = cpu_limit
        self._memory_limit = memory_limit

    async def fault(self) -> Exception:
        """Return what is wrong with the child, once something is.

        A ``ProcessingError`` (TIMED_OUT or OUT_OF_MEMORY) finds fault with the video, an ``OSError`` with the machine.
        """
        loop = asyncio.get_running_loop()
        since, cpu_then, seen = loop.time(), 0.0, (-1, -1)
        while True:
            vitals = self._look()
            if self.cpu_seconds >= self._cpu_limit:
                return ProcessingError(FailureCode.TIMED_OUT)
            now = self._received(), vitals.read or 0
            if now != seen or not self._budget.waiting:
                since, cpu_then, seen = loop.time(), self.cpu_seconds, now
            quiet, worked = loop.time() - since, self.cpu_seconds - cpu_then
            if quiet >= self._budget.stall_seconds:
                if worked < _BUSY * quiet:
                    if self._alive() and _sleeps(self._pid):
                        return self._classify()
                    return OSError(errno.ETIME, f"a child made no progress for {quiet:.0f} s and could not work")
                # Where nobody knows what it reads, a busy child may be at work: its limits must do.
                if vitals.read is not None and worked >= _LONGEST_WORK * self._budget.stall_seconds:
                    return self._classify()
            await asyncio.sleep(self.interval)

    def _look(self) -> Vitals:
        # Once it is gone its number may be another's; what is waited for then is a pipe that somebody else holds.
        vitals = Vitals.of(self._pid) if self._alive() else _GONE
        self.cpu_seconds = max(self.cpu_seconds, vitals.cpu_seconds or 0.0)
        self.crowded = self.crowded or (vitals.peak_bytes or 0) >= _CROWDED * self._memory_limit
        return vitals

    def _classify(self) -> ProcessingError:
        # ffmpeg can try for ever to decode what finds no room.
        return ProcessingError(FailureCode.OUT_OF_MEMORY if self.crowded else FailureCode.TIMED_OUT)
