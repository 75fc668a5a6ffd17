"""A TCP line between the service and a store, which can be slow, silent, cut, or cut around a COMMIT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal

_LOOPBACK: Final = "127.0.0.1"
_COMMIT: Final = b"\x03COMMIT"
"""The command of MySQL's protocol, and its text; the packet ends with it."""

_COMMIT_SECONDS: Final = 0.3
"""Long enough for a server to do what it has heard."""


class Line:
    """Forwards connections to a port; what befalls them is set while they run."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.delay_seconds = 0.0
        """Each piece is late by so much, in both directions."""
        self.refuses = False
        """Whether connections are closed as soon as they are made."""
        self.cut_commit: Literal["before", "after"] | None = None
        """Whether the next COMMIT is the last that a connection says: unheard, or heard and never answered."""
        self.held = 0
        """How many connections wait, with something to say, for the line to speak again."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Line"]:
        """Listen on a free port for as long as the block lasts."""
        listener = await asyncio.start_server(self._serve, _LOOPBACK, 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            self.hang_up()

    def hang_up(self) -> None:
        """Reset every connection."""
        for writer in self._open:
            writer.transport.abort()

    def cut(self) -> None:
        """Reset every connection, and let none be made."""
        self.refuses = True
        self.hang_up()

    def fall_silent(self) -> None:
        """Take connections and bytes, and give none away."""
        self._flows.clear()

    def mend(self) -> None:
        """Be as good as new."""
        self.delay_seconds, self.refuses, self.cut_commit = 0.0, False, None
        self._flows.set()

    @property
    def connections(self) -> int:
        """How many are open, on both sides together."""
        return len(self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # What is cancelled at the end of all is no news, and asyncio would print it as such.
        with suppress(asyncio.CancelledError):
            await self._forward(reader, writer)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.refuses:
                return
            await self._flow()
            from_store, to_store = await asyncio.open_connection(_LOOPBACK, self._to)
            self._open.add(to_store)
            unheard = asyncio.Event()
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._ask(reader, to_store, unheard))
                    both.create_task(self._answer(from_store, writer, unheard))
            finally:
                self._open.discard(to_store)
                to_store.transport.abort()
        except* OSError:
            pass
        finally:
            self._open.discard(writer)
            with suppress(OSError):
                writer.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unheard: asyncio.Event) -> None:
        while data := await self._read(reader):
            cut = self.cut_commit if data.endswith(_COMMIT) else None
            if cut:
                self.cut_commit = None
                unheard.set()
            if cut != "before":
                writer.write(data)
                await writer.drain()
            if cut:
                await asyncio.sleep(_COMMIT_SECONDS)
                raise ConnectionResetError
        raise ConnectionResetError  # One side has hung up, and with it the other.

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, unheard: asyncio.Event) -> None:
        while data := await self._read(reader):
            if not unheard.is_set():
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        data = await reader.read(1 << 16)
        await self._flow()
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        return data

    async def _flow(self) -> None:
        self.held += 1
        try:
            await self._flows.wait()
        finally:
            self.held -= 1
