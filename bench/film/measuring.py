"""Runs a job in a process of its own and tells what it took: time of the clock, processor time of it and of all that it
starts, and memory, by process and of all together."""

import os
import pickle
import resource
import shutil
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVERY_SECONDS = 0.02


def cpu(who: int | None = None) -> float:
    """Give user and system seconds of this process, or of its children that have ended, or by default of both."""
    used = [resource.getrusage(w) for w in ([resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN] if who is None else [who])]
    return sum(u.ru_utime + u.ru_stime for u in used)


@dataclass
class Memory:
    """KiB: the largest of each kind of process, and the largest of all that ran at the same time."""

    of: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    together: int = 0

    def look(self, root: int) -> None:
        """Read what the kernel tells of a process and of all below it (proc(5))."""
        total, processes = 0, [root]
        while processes:
            pid = processes.pop()
            try:
                status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                children = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
            except OSError:
                continue  # It has just ended.
            lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            if "VmHWM" not in lines:
                continue  # It is about to end.
            total += int(lines["VmRSS"].split()[0])
            name = "this process" if pid == root else _name(command)
            self.of[name] = max(self.of[name], int(lines["VmHWM"].split()[0]))
            processes += [int(child) for child in " ".join(children).split()]
        self.together = max(self.together, total)


def _name(command: bytes) -> str:
    if b"inspect_child.py" in command:
        return "inspecting"
    return "ffmpeg" if b"ffmpeg" in command else "peer"


@dataclass
class Measured:
    """What one run took; ``result`` is what the job returned."""

    wall: float
    cpu: float
    memory: Memory
    result: Any


class Failed(Exception):
    """The job did not do what it should; says why."""


def measured(job: Callable[[Path], Any]) -> Measured:
    """Run ``job(folder)`` in a fork, so that what this process has imported costs nothing; remove the folder.

    A result that has ``wall`` and ``cpu`` of its own, as a peer has once its interpreter is up, is taken at its word.

    :raises Failed: where the job raised
    """
    folder = Path(tempfile.mkdtemp(prefix="frames-"))
    reading, writing = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _work(job, folder, writing)
        os.close(writing)
        memory = Memory()
        while True:
            memory.look(pid)
            if os.waitpid(pid, os.WNOHANG)[0]:
                break
            time.sleep(EVERY_SECONDS)
        with open(reading, "rb", closefd=False) as told:
            wall, spent, result, error = pickle.load(told)
        if error:
            raise Failed(error)
        own = result if isinstance(result, dict) else {}
        return Measured(own.get("wall", wall), own.get("cpu", spent), memory, result)
    finally:
        os.close(reading)
        shutil.rmtree(folder)


def _work(job: Callable[[Path], Any], folder: Path, writing: int) -> None:
    try:
        began, before = time.perf_counter(), cpu()
        result: Any = None
        error = ""
        try:
            result = job(folder)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the other side says so
            error = f"{type(fault).__name__}: {fault}"[:300] or traceback.format_exc()
        told = pickle.dumps((time.perf_counter() - began, cpu() - before, result, error))
        with open(writing, "wb") as sink:
            sink.write(told)
    finally:
        os._exit(0)
