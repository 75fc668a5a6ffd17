"""A real part that runs for the tests, and that a test may kill and start again."""

import os
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from devserver.child import Child
from devserver.program import Program

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 15


class RunningPart:
    """Starts a program and waits until it serves; ``kill`` is SIGKILL, and ``start`` finds what was kept."""

    def __init__(self, program: Program, log: Path) -> None:
        self._child = Child(program, log)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        self._child.start()
        try:
            self._child.wait_until_it_serves(START_LIMIT_SECONDS)
        except BaseException:
            self._child.kill()
            raise

    def kill(self) -> None:
        self._child.kill()

    def freeze(self) -> None:
        """Let it take connections, as the system does for it, and answer nothing."""
        assert self._child.pid is not None
        os.killpg(self._child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._child.pid is not None
        os.killpg(self._child.pid, signal.SIGCONT)

    def stop(self) -> None:
        self._child.terminate()
        self._child.wait_until_it_ends(STOP_LIMIT_SECONDS)
