"""A line to MySQL that breaks when a COMMIT, or what else one waits for, is on its way.

That is before or after the server has heard it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import URL

COMMIT = re.compile(rb"\x03COMMIT$")
DDL = re.compile(rb"\x03\s*(?:CREATE|ALTER) ")


@dataclass
class CutLine:
    """Nothing is cut until ``armed``, since a driver may commit while it sets up, and then each statement once."""

    server: URL
    cut: Literal["before", "after"]
    at: re.Pattern[bytes] = COMMIT
    armed: bool = False
    cut_here: set[bytes] = field(default_factory=set)
    _lines: set[asyncio.Task[Any] | None] = field(default_factory=set)

    @property
    def cuts(self) -> int:
        """How often it was cut."""
        return len(self.cut_here)

    @asynccontextmanager
    async def url(self) -> AsyncIterator[str]:
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener:
            yield self.server.set(port=port).render_as_string(hide_password=False)
            # Whoever called has hung up by now.
            await asyncio.gather(*(line for line in self._lines if line))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self.server.host is not None
        self._lines.add(asyncio.current_task())
        from_server, to_server = await asyncio.open_connection(self.server.host, self.server.port)
        answers = asyncio.ensure_future(_pump(from_server, writer))
        try:
            while data := await reader.read(65536):
                if not (self.armed and self.at.search(data)) or data in self.cut_here:
                    to_server.write(data)
                    continue
                self.cut_here.add(data)
                if self.cut == "after":
                    answers.cancel()
                    await asyncio.wait([answers])
                    to_server.write(data)
                    await from_server.read(1)  # The server's word that it is done goes no further.
                break
        finally:
            answers.cancel()
            await asyncio.wait([answers])
            for end in (writer, to_server):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
