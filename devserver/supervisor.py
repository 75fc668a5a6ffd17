"""Keeps one instance running: starts its programs in order, starts again what dies, and ends all of them."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final, final

from devserver import process_record
from devserver.child import Child, DidNotStart
from devserver.data_directory import DataDirectory
from devserver.disk_room import DiskRoom
from devserver.program import Program

START_LIMIT_SECONDS: Final = 90
"""For one program to serve: generous, because a full disk check of a store or a busy machine is no failure."""

SERVICE_STOP_SECONDS: Final = 5.5
STOP_SECONDS: Final = 9.0
"""From the signal to the last store; the promise is ten seconds."""

_REAP_SECONDS: Final = 8.0
_TICK_SECONDS: Final = 0.1
_FIRST_DELAY_SECONDS: Final = 0.25
_LONGEST_DELAY_SECONDS: Final = 15.0
_HEALTHY_AFTER_SECONDS: Final = 30.0


@final
@dataclass(slots=True)
class _Watched:
    """A child with what its next restart depends on."""

    child: Child
    began: float
    delay: float = _FIRST_DELAY_SECONDS
    again_at: float | None = None


@final
class Supervisor:
    """Runs stores, meanwhile steps to their end one after the other, then the service, until a signal.

    A step may need the database, which is a file or somewhere else, but none of the stores.
    The caller holds the lock of the data directory; ``say`` gets one line for each thing that a person should know.
    """

    def __init__(
        self,
        data: DataDirectory,
        *,
        stores: Sequence[Program],
        steps: Sequence[Program] = (),
        service: Sequence[Program] = (),
        room: DiskRoom | None = None,
        say: Callable[[str], None],
    ) -> None:
        self._data = data
        self._stores = stores
        self._steps = steps
        self._service = service
        self._room = room
        self._say = say
        self._watched_stores: list[_Watched] = []
        self._watched_service: list[_Watched] = []
        self._stop_asked_at: float | None = None

    def run(self, ready: Callable[[], None]) -> None:
        """Return once a signal has come and everything has ended; raises ``DidNotStart``, also with all ended.

        ``ready`` is called once, when every program serves.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Who ignores the hang-up (nohup) means it; a shell that starts us in the background ignores SIGINT for us.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask_to_stop)
        try:
            self._look_at_the_disk()  # Where it is full, the stores need what is given up.
            self._start_all()
            if not self._stopping():
                ready()
            while not self._stopping():
                self._restart_the_dead()
                self._look_at_the_disk()
                time.sleep(_TICK_SECONDS)
        finally:
            self._end_all()

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()

    def _stopping(self) -> bool:
        return self._stop_asked_at is not None

    # ------------------------------------------------------------ start

    def _start_all(self) -> None:
        for program in self._stores:
            self._start(program, self._watched_stores)
        for step in self._steps:
            self._run_to_its_end(step)
        for watched in self._watched_stores:
            self._wait_until_it_serves(watched)
        for program in self._service:
            if self._stopping():
                return
            self._start(program, self._watched_service)
        for watched in self._watched_service:
            self._wait_until_it_serves(watched)

    def _start(self, program: Program, group: list[_Watched]) -> _Watched:
        watched = _Watched(Child(program, self._data.log(program.name)), time.monotonic())
        group.append(watched)
        watched.child.start()
        self._record()
        return watched

    def _wait_until_it_serves(self, watched: _Watched) -> None:
        """Wait; where it has ended instead, and something can be put out of its way, start it once more."""
        child = watched.child
        try:
            child.wait_until_it_serves(START_LIMIT_SECONDS, self._stopping)
        except DidNotStart:
            if child.runs or (sentence := child.program.mend()) is None:
                raise
            self._say(sentence)
            child.start()
            self._record()
            child.wait_until_it_serves(START_LIMIT_SECONDS, self._stopping)

    def _run_to_its_end(self, step: Program) -> None:
        watched = self._start(step, self._watched_service)
        while watched.child.runs and not self._stopping():
            time.sleep(_TICK_SECONDS / 2)
        if self._stopping():
            return
        self._watched_service.remove(watched)
        if watched.child.exit_code != 0:
            raise DidNotStart(f"{step.name} ended with {watched.child.exit_code}.\n{watched.child.last_words()}")

    def _record(self) -> None:
        pids = (watched.child.pid for watched in (*self._watched_stores, *self._watched_service))
        process_record.write(self._data.children, {pid for pid in pids if pid is not None})

    # ------------------------------------------------------------ keep

    def _restart_the_dead(self) -> None:
        for watched in (*self._watched_stores, *self._watched_service):
            if watched.child.runs:
                continue
            now = time.monotonic()
            if watched.again_at is None:
                if now - watched.began > _HEALTHY_AFTER_SECONDS:
                    watched.delay = _FIRST_DELAY_SECONDS
                watched.again_at = now + watched.delay
                self._say(f"{watched.child.program.name} ended with {watched.child.exit_code}: starting it again.")
            elif now >= watched.again_at:
                watched.began = now
                watched.delay = min(watched.delay * 2, _LONGEST_DELAY_SECONDS)
                watched.again_at = None
                try:
                    watched.child.start()
                    self._record()
                except OSError as error:  # A full disk, say: the next try may do better.
                    self._say(f"{watched.child.program.name} could not be started: {error}.")

    def _look_at_the_disk(self) -> None:
        if self._room is not None:
            self._room.look(self._say)

    # ------------------------------------------------------------ end

    def _end_all(self) -> None:
        """End the service first, because it needs the stores to give back its work; then the stores."""
        began = self._stop_asked_at or time.monotonic()
        self._stop_asked_at = began
        if self._room is not None:
            self._room.close()
        _end(self._watched_service, began + SERVICE_STOP_SECONDS)
        _end(self._watched_stores, began + STOP_SECONDS)
        self._data.children.unlink(missing_ok=True)


def reap_leftovers(data: DataDirectory, say: Callable[[str], None]) -> None:
    """End what an earlier ``fiapx up`` that was killed has left running on this data directory."""
    count = process_record.reap(data.children, _REAP_SECONDS)
    if count:
        say(f"Ended {count} processes that an earlier start had left behind.")


def _end(watched: Sequence[_Watched], deadline: float) -> None:
    for one in watched:
        one.child.terminate()
    for one in watched:
        one.child.wait_until_it_ends(deadline - time.monotonic())
