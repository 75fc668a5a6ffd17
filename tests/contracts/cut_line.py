"""A line to MySQL that breaks when a COMMIT is on its way, before or after the server has heard it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import URL

_COMMIT = b"\x03COMMIT"


@dataclass
class CutLine:
    """Nothing is cut until ``armed``, since a driver may commit while it sets up, and then once.

    ``commits`` counts what was cut.
    """

    server: URL
    cut: Literal["before", "after"]
    armed: bool = False
    commits: int = 0

    @asynccontextmanager
    async def url(self) -> AsyncIterator[str]:
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener:
            yield self.server.set(port=port).render_as_string(hide_password=False)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self.server.host is not None
        from_server, to_server = await asyncio.open_connection(self.server.host, self.server.port)
        answers = asyncio.ensure_future(_pump(from_server, writer))
        try:
            while data := await reader.read(65536):
                if not (self.armed and data.endswith(_COMMIT)):
                    to_server.write(data)
                    continue
                self.commits, self.armed = self.commits + 1, False
                if self.cut == "after":
                    answers.cancel()
                    await asyncio.wait([answers])
                    to_server.write(data)
                    await from_server.read(1)  # The server's word that it is done goes no further.
                break
        finally:
            answers.cancel()
            await asyncio.wait([answers])
            writer.close()
            to_server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
