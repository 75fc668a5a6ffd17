"""One confined child process with pipes, which ends when its context is left, whatever happened."""

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, SupportsIndex, final

from app.infra.ffmpeg import launcher
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.last_words import LastWords
from app.infra.ffmpeg.watchdog import Watchdog

PIPE_BYTES: Final = 1024 * 1024
"""How much a pipe holds where the kernel allows, and how much of it is read ahead: the decoder need not wait for us."""

_MALLOC: Final = {"MALLOC_ARENA_MAX": "4"}  # Each arena of glibc takes 64 MiB of the address space that is limited.
_LAST_WORDS_SECONDS: Final = 1.0
_END_SECONDS: Final = 10.0


@final
@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What one child may use: address space, and processor time of all its threads."""

    memory_bytes: int
    cpu_seconds: int


@final
class _Output(asyncio.StreamReader):
    """One of the child's pipes, with what came by it so far."""

    def __init__(self) -> None:
        super().__init__(limit=PIPE_BYTES)
        self.received = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        data = bytes(data)  # Which they are: no copy is made.
        self.received += len(data)
        super().feed_data(data)


@final
@dataclass(slots=True, eq=False)
class Child:
    """A running child; ``outputs`` are its pipes in the order of their numbers."""

    process: asyncio.subprocess.Process
    outputs: Sequence[asyncio.StreamReader]
    words: LastWords
    watchdog: Watchdog
    killed: bool = False

    @property
    def pid(self) -> int:
        """The number of the process, which is also that of its session and group."""
        return self.process.pid

    @property
    def out_of_time(self) -> bool:
        """Whether it had, as far as anybody can know, used up its processor time."""
        may_have_used = self.watchdog.cpu_seconds + self.watchdog.interval * (os.cpu_count() or 1)
        return may_have_used >= self.watchdog.cpu_limit

    @property
    def out_of_memory(self) -> bool:
        """Whether its memory was all but full when it was last looked at, so that this may be why it failed."""
        return self.watchdog.crowded

    def kill(self) -> None:
        """SIGKILL to the whole group: damaged input can make a decoder deaf to everything else."""
        if self.process.returncode is None:
            self.killed = True
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end; give the exit code, negative for a signal."""
        return await self.process.wait()

    async def last_words(self) -> bytes:
        """Return the beginning and the end of its stderr, which is read all the while; to be called after its end."""
        with suppress(TimeoutError):  # Somebody else may hold the pipe, where a child may have children.
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self.words.over.wait()
        return self.words.kept


@asynccontextmanager
async def child(
    command: Callable[[Sequence[int], Sequence[int]], Sequence[str]],
    *,
    outputs: int,
    readable: Sequence[Path],
    limits: ChildLimits,
    budget: TimeBudget,
    directory: Path,
    inputs: Sequence[bytes] = (),
) -> AsyncIterator[Child]:
    """Start ``command(numbers of output pipes, numbers of input pipes)`` in ``directory`` with nothing inherited.

    The child can open nothing but ``readable`` (files, or folders with all beneath), its program and the system's
    libraries. Each of ``inputs`` waits for it in a pipe. Leaving the block ends it, and so does its watchdog, which
    then gives up the ``budget``: through that everything of the child's is awaited.

    :raises OSError: where the machine cannot start one more process now
    """
    async with AsyncExitStack() as stack:
        with contextlib.ExitStack() as ours:
            words = LastWords()
            stderr = await _receiving(words, stack, ours)
            readers = [_Output() for _ in range(outputs)]
            writing = [await _receiving(asyncio.StreamReaderProtocol(r), stack, ours) for r in readers]
            reading = [await _sending(data, stack, ours) for data in inputs]
            program = command(writing, reading)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", "-B", "-c", f"{launcher.START}main()",
                f"parent={os.getpid()}", f"memory={limits.memory_bytes}", f"cpu={limits.cpu_seconds}",
                *(f"read={path}" for path in readable), "--", *program,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=stderr,
                pass_fds=[*writing, *reading], cwd=directory, env=_MALLOC, start_new_session=True,
            )  # fmt: skip
        watchdog = Watchdog(
            process.pid,
            received=lambda: sum(reader.received for reader in readers),
            alive=lambda: process.returncode is None,
            budget=budget,
            cpu_limit=limits.cpu_seconds,
            memory_limit=limits.memory_bytes,
        )
        running = Child(process, readers, words, watchdog)
        stack.push_async_callback(_gone, running)
        stack.callback(running.kill)
        watching = asyncio.create_task(_watch(running, budget))
        stack.callback(watching.cancel)
        yield running


async def _watch(running: Child, budget: TimeBudget) -> None:
    fault = await running.watchdog.fault()
    running.kill()
    budget.give_up(fault)


async def _gone(running: Child) -> None:
    """Wait until it has ended, but not for one that the kernel itself cannot end: its disk may be away for hours."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await running.ended()


async def _receiving(protocol: asyncio.Protocol, stack: AsyncExitStack, ours: contextlib.ExitStack) -> int:
    """Make a pipe that is read from now on; give the end that is the child's."""
    reading, writing = os.pipe()
    ours.callback(os.close, writing)
    _widen(reading)
    file = stack.enter_context(os.fdopen(reading, "rb", buffering=0))
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, file)
    stack.callback(transport.close)
    return writing


async def _sending(data: bytes, stack: AsyncExitStack, ours: contextlib.ExitStack) -> int:
    """Make a pipe that gives the data and then ends; give the end that is the child's."""
    reading, writing = os.pipe()
    ours.callback(os.close, reading)
    _widen(writing)
    file = stack.enter_context(os.fdopen(writing, "wb", buffering=0))
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, file)
    transport.write(data)
    transport.close()  # Once all is written, or the child wants no more of it.

    def abandon() -> None:
        if transport.get_write_buffer_size():
            transport.abort()

    stack.callback(abandon)
    return reading


def _widen(descriptor: int) -> None:
    if sys.platform == "linux":
        with suppress(OSError):  # Beyond the user's share of pipe memory the usual 64 KiB must do.
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
