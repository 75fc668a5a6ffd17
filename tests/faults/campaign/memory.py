"""How much memory the service's processes hold while they live, looked at from outside."""

import asyncio
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from tests.faults.campaign.deployment import Deployment

_EVERY_SECONDS: Final = 5.0
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Memory:
    """The resident memory of each process, in bytes, at each moment at which it was looked at."""

    def __init__(self) -> None:
        self._seen: Final = defaultdict[tuple[str, int], list[tuple[float, int]]](list)

    async def watch(self, deployment: Deployment) -> None:
        """Look again and again, until cancelled."""
        while True:
            for name, process in deployment.processes.items():
                if held := _resident(process.running.pid):
                    self._seen[name, process.running.pid].append((time.monotonic(), held))
            await asyncio.sleep(_EVERY_SECONDS)

    def of_the_longest_lived(self) -> dict[str, dict[str, Any]]:
        """Return, for each name, how long its longest-lived process was seen, and its MiB at five moments of that."""
        found: dict[str, dict[str, Any]] = {}
        for (name, _), looks in self._seen.items():
            lived = round(looks[-1][0] - looks[0][0])
            if lived >= found.get(name, {"seconds": 0})["seconds"]:
                fifths = [looks[(len(looks) - 1) * fifth // 5][1] for fifth in range(1, 6)]
                found[name] = {"seconds": lived, "mib_by_fifths": [round(held / (1 << 20), 1) for held in fifths]}
        return dict(sorted(found.items()))


def _resident(pid: int) -> int:
    """Return what a process holds, in bytes (proc(5), statm); 0 for one that has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0
