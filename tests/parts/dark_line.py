"""A line to MySQL that goes dark: whatever is open stays open, and nothing is heard on it any more, for good."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import URL

from tests.parts.answering import answering


@dataclass
class DarkLine:
    """Goes dark for ``seconds`` when ``at`` is about to be said, which then is not; new lines wait for the light.

    It does so once for each text of the pattern's first group.
    """

    server: URL
    at: re.Pattern[bytes]
    seconds: float
    said: set[bytes] = field(default_factory=set)
    _light: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def url(self) -> AsyncIterator[str]:
        self._light.set()
        async with answering(self._serve) as port:
            yield self.server.set(port=port).render_as_string(hide_password=False)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self.server.host is not None
        await self._light.wait()
        from_server, to_server = await asyncio.open_connection(self.server.host, self.server.port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, to_server))
                both.create_task(self._pump(from_server, writer))
        finally:
            for end in (writer, to_server):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        born = len(self.said)
        while data := await reader.read(65536):
            if (found := self.at.search(data)) and found[1] not in self.said:
                self.said.add(found[1])
                self._light.clear()
                asyncio.get_running_loop().call_later(self.seconds, self._light.set)
            if born == len(self.said):  # Else it was open when the light went out.
                writer.write(data)
        writer.write_eof()
