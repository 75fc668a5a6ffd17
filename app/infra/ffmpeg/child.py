"""One confined child process with pipes, which ends when its context is left, whatever happened."""

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.infra.ffmpeg import launcher

PIPE_BYTES: Final = 1024 * 1024
"""How much a pipe holds where the kernel allows, and how much of it is read ahead: the decoder need not wait for us."""

T = TypeVar("T")

_LAUNCHER: Final = str(Path(launcher.__file__).resolve())
_MALLOC: Final = {"MALLOC_ARENA_MAX": "4"}  # Each arena of glibc takes 64 MiB of the address space that is limited.


@final
class Child:
    """A running child: ``log`` is its stderr, ``outputs`` are the further pipes in the order of their numbers."""

    def __init__(self, process: asyncio.subprocess.Process, pipes: Sequence[asyncio.StreamReader]) -> None:
        self._process = process
        self.log, *self.outputs = pipes
        self.killed = False

    @property
    def pid(self) -> int:
        """The number of the process, which is also that of its session and group."""
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL to the whole group: damaged input can make a decoder deaf to everything else."""
        if self._process.returncode is None:
            self.killed = True
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self) -> int:
        """Wait for its end; give the exit code, negative for a signal."""
        return await self._process.wait()


@final
class Patience:
    """Seconds that may be spent waiting for a child; the time that a slow consumer takes does not count."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    async def wait(self, awaited: Awaitable[T]) -> T:
        """Wait for something of the child's.

        :raises ProcessingError: TIMED_OUT, once all is used up
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(self._left):
                return await awaited
        except TimeoutError:
            raise ProcessingError(FailureCode.TIMED_OUT) from None
        finally:
            self._left -= loop.time() - began


@asynccontextmanager
async def child(
    command: Callable[[Sequence[int]], Sequence[str]], *, outputs: int, directory: Path, memory_bytes: int
) -> AsyncIterator[Child]:
    """Start ``command(pipe numbers)`` in ``directory`` with nothing inherited; leaving the block ends it.

    :raises OSError: where the machine cannot start one more process now
    """
    async with AsyncExitStack() as stack:
        writing: list[int] = []
        pipes: list[asyncio.StreamReader] = []
        with contextlib.ExitStack() as ours:
            for _ in range(1 + outputs):
                reading, write = os.pipe()
                ours.callback(os.close, write)
                writing.append(write)
                pipes.append(await _reader(reading, stack))
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", "-B", _LAUNCHER, str(memory_bytes), str(os.getpid()), *command(writing[1:]),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=writing[0],
                pass_fds=writing[1:], cwd=directory, env=_MALLOC, start_new_session=True,
            )  # fmt: skip
        running = Child(process, pipes)
        stack.push_async_callback(running.ended)
        stack.callback(running.kill)
        yield running


async def _reader(descriptor: int, stack: AsyncExitStack) -> asyncio.StreamReader:
    if sys.platform == "linux":
        with suppress(OSError):  # Beyond the user's share of pipe memory the usual 64 KiB must do.
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    file = os.fdopen(descriptor, "rb", buffering=0)
    reader = asyncio.StreamReader(limit=PIPE_BYTES)
    try:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), file
        )
    except BaseException:
        file.close()
        raise
    stack.callback(transport.close)
    return reader
