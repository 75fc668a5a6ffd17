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


def _number(file: str, label: str) -> int | None:
    """Return what the kernel tells of a process (proc(5)), None where it does not: not Linux, or not ours to know."""
    try:
        words = Path(file).read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return None
    return int(words[words.index(label) + 1]) if label in words else None


def _fields(file: Path) -> Sequence[bytes]:
    """Return what a stat file has behind the name: the state first."""
    return file.read_bytes().rpartition(b")")[2].split()


def _cpu_seconds(pid: int) -> float:
    """Return what all its threads have used, as far as the kernel tells."""
    try:
        fields = _fields(Path(f"/proc/{pid}/stat"))
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


def _sleeps(pid: int) -> bool:
    """Whether every thread waits, and for no disk."""
    try:
        states = [_fields(thread / "stat")[0] for thread in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return set(states) == {_ASLEEP}


@final
@dataclass(slots=True, eq=False)
class Watchdog:
    """Watches one child until it is cancelled.

    ``received`` is how many bytes came from it. ``cpu_seconds`` is what it had used at the last look, ``crowded``
    whether its memory was all but full by then.
    """

    pid: int
    received: Callable[[], int]
    alive: Callable[[], bool]
    budget: TimeBudget
    cpu_limit: float
    memory_limit: int
    cpu_seconds: float = 0.0
    crowded: bool = False

    @property
    def interval(self) -> float:
        """Seconds from one look to the next."""
        return min(_INTERVAL, self.budget.quiet_seconds / _LOOKS)

    async def fault(self) -> Exception:
        """Return what is wrong with the child, once something is.

        A ``ProcessingError`` (TIMED_OUT or OUT_OF_MEMORY) finds fault with the video, an ``OSError`` with the machine.
        """
        loop = asyncio.get_running_loop()
        since, cpu_then, seen = loop.time(), 0.0, (-1, -1)
        while True:
            read = self._look()
            if self.cpu_seconds >= self.cpu_limit:
                return ProcessingError(FailureCode.TIMED_OUT)
            now = self.received(), read or 0
            if now != seen or not self.budget.waiting:
                since, cpu_then, seen = loop.time(), self.cpu_seconds, now
            quiet, worked = loop.time() - since, self.cpu_seconds - cpu_then
            if quiet >= self.budget.quiet_seconds:
                if worked < _BUSY * quiet:
                    if self.alive() and _sleeps(self.pid):
                        return self._classify()
                    return OSError(errno.ETIME, f"a child made no progress for {quiet:.0f} s and could not work")
                # Where nobody knows what it reads, a busy child may be at work: its limits must do.
                if read is not None and worked >= _LONGEST_WORK * self.budget.quiet_seconds:
                    return self._classify()
            await asyncio.sleep(self.interval)

    def _look(self) -> int | None:
        """Look at it; return how many bytes it has read so far, from files and pipes, None where nobody knows."""
        if not self.alive():
            return None  # Its number may be another's; what is waited for now is a pipe that somebody else holds.
        self.cpu_seconds = max(self.cpu_seconds, _cpu_seconds(self.pid))
        peak = 1024 * (_number(f"/proc/{self.pid}/status", "VmPeak:") or 0)
        self.crowded = self.crowded or peak >= _CROWDED * self.memory_limit
        return _number(f"/proc/{self.pid}/io", "rchar:")

    def _classify(self) -> ProcessingError:
        # ffmpeg can try for ever to decode what finds no room.
        return ProcessingError(FailureCode.OUT_OF_MEMORY if self.crowded else FailureCode.TIMED_OUT)
