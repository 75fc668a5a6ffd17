"""What it costs to start a process as ours are started, before it does anything."""

import os
import resource
import statistics
import subprocess
import sys
from typing import Final

from app.infra.ffmpeg import launcher
from bench.film.materials import FFMPEG
from bench.film.measuring import cpu

TIMES: Final = 5


def measured_starts() -> dict[str, float]:
    """Give the processor seconds of each start."""
    launched = [
        sys.executable, "-I", "-S", "-B", "-c", f"{launcher.START}main()",
        f"parent={os.getpid()}", "memory=4294967296", "cpu=100", "--",
    ]  # fmt: skip
    return {
        "start: launcher alone": _spent([*launched, "/bin/true"]),
        "start: Python alone": _spent([sys.executable, "-I", "-S", "-B", "-c", "pass"]),
        "start: Python, import av": _spent([sys.executable, "-I", "-B", "-c", "import av"]),
        "start: ffmpeg alone": _spent([FFMPEG, "-v", "quiet", "-f", "lavfi", "-i", "nullsrc=d=0", "-f", "null", "-"]),
    }


def _spent(command: list[str]) -> float:
    found = []
    for _ in range(TIMES):
        before = cpu(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found.append(cpu(resource.RUSAGE_CHILDREN) - before)
    return statistics.median(found)
