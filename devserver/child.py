"""One child process: started, asked for its health, ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final

from devserver.program import Program

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_LOG_LIMIT_BYTES: Final = 16 * 1024**2
_TAIL_BYTES: Final = 4000


class DidNotStart(Exception):
    """A program ended, or did not answer, before it was of any use; the message ends with what it said last."""


class Child:
    """A program as a process in a session of its own, its output in ``log``.

    The session keeps a Ctrl-C at the terminal away from it: who started it decides the order in which things end.
    """

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self._log = log
        self._log_begins = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """What it ended with (minus the signal's number); None while it runs or was never started."""
        return None if self._process is None else self._process.poll()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.program.folder.mkdir(parents=True, exist_ok=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as log:
            self._log_begins = log.tell()
            self._process = subprocess.Popen(  # noqa: S603  # Every command comes from this package.
                [*_launcher(), *self.program.command],
                env=dict(self.program.environment),
                cwd=self.program.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,  # What it keeps, and the sockets that it opens, are for this user alone.
            )
        assert self._process.stdin is not None  # noqa: S101  # It is a pipe, as asked for above.
        with suppress(BrokenPipeError):  # It has ended already; whoever waits for it will see that.
            self._process.stdin.write(self.program.stdin)
            self._process.stdin.close()

    def wait_until_it_serves(self, limit_seconds: float, given_up: Callable[[], bool] = lambda: False) -> None:
        """Raises ``DidNotStart``; returns early where ``given_up`` says that nobody waits any more."""
        serves = self.program.serves
        end = time.monotonic() + limit_seconds
        while not given_up():
            if not self.runs:
                raise DidNotStart(f"{self.program.name} ended with {self.exit_code}.\n{self.last_words()}")
            if serves is None or _answer(serves, given_up):
                return
            if time.monotonic() > end:
                raise DidNotStart(f"{self.program.name} did not answer in {limit_seconds:g} s.\n{self.last_words()}")
            time.sleep(0.05)

    def last_words(self) -> str:
        """Return the end of what it has logged since its start."""
        if not self._log.exists():
            return ""
        with self._log.open("rb") as log:
            log.seek(max(self._log_begins, self._log.stat().st_size - _TAIL_BYTES))
            return log.read().decode(errors="replace")

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()

    def wait_until_it_ends(self, limit_seconds: float) -> None:
        """Wait so long, then kill it, with whatever it has started in its own group."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, limit_seconds))
        except subprocess.TimeoutExpired:
            self.kill()
        else:
            _kill_group(self._process.pid)

    def kill(self) -> None:
        """End it now, with its group; it has ended when this returns."""
        if self._process is None:
            return
        if self._process.poll() is None:
            _kill_group(self._process.pid)
        self._process.wait()


def _answer(serves: Callable[[], bool], given_up: Callable[[], bool]) -> bool:
    """Ask in a thread, so that a program that does not answer cannot hold up a stop."""
    answers: list[bool] = []
    thread = Thread(target=lambda: answers.append(serves()), daemon=True)
    thread.start()
    while thread.is_alive() and not given_up():
        thread.join(0.05)
    return answers == [True]


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # Nothing is left of it; macOS says so with EPERM.
        os.killpg(group, signal.SIGKILL)


def _launcher() -> tuple[str, ...]:
    """Put a program before the program that makes it end with us; only Linux can."""
    if not sys.platform.startswith("linux"):
        return ()
    return (sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()))
