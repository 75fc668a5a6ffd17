"""A line over HTTP/1.1 to another server: it tells what went over it, and is cut where a story wants it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.parts.answering import answering
from tests.parts.waiting import until


class Cut(Exception):
    """The line is down at this moment."""


@dataclass
class Asked:
    """A request that went over the line, and how it was answered; None while it is not."""

    method: str
    target: str
    headers: Mapping[str, str]
    status: int | None = None

    @property
    def part(self) -> int:
        """Which part of a file it brings."""
        return int(parse_qs(urlsplit(self.target).query)["partNumber"][0])


@dataclass
class HttpLine:
    """Leads to the server at this address; bodies that say no length are not for it."""

    server: str
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    sent_bytes: int = 0
    """Bytes of requests' bodies that came to the server."""
    came_bytes: int = 0
    """Bytes of answers' bodies that came back."""
    cut_at_sent: int | None = None
    """Once so many were sent the line is cut, for a moment."""
    cut_at_came: int | None = None
    dark_at_sent: int | None = None
    """Once so many were sent nothing more goes over the line until ``light`` is set, and what was open then is cut."""
    resent: list[int] = field(default_factory=list)
    """Parts that were begun to be sent although the server had taken them."""
    light: asyncio.Event = field(default_factory=asyncio.Event)
    flows: asyncio.Event = field(default_factory=asyncio.Event)
    """Requests wait for it before they go on to the server."""
    flows_until_taken: int | None = None
    """Once the server has taken so many parts, requests wait for ``flows`` to be set again."""
    _under_way: int = 0

    @property
    def taken(self) -> list[int]:
        """The parts that the server took, in the order in which they began to be sent."""
        return [one.part for one in self.asked if one.method == "PUT" and one.status == 200]

    def has_sent(self, size: int) -> bool:
        """Return whether so many bytes were sent."""
        return self.sent_bytes >= size

    async def darkened(self) -> None:
        """Return once ``dark_at_sent`` was reached."""
        await until(lambda: not self.light.is_set(), 30)

    def forget(self) -> None:
        """Begin another story: what went over it belongs to the last one."""
        self.asked.clear()
        self.resent.clear()

    async def settled(self) -> None:
        """Return once no request is under way."""
        await until(lambda: self._under_way == 0)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["HttpLine"]:
        self.light.set()
        self.flows.set()
        async with answering(self._serve) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        address = urlsplit(self.server)
        server, to_server = await asyncio.open_connection(address.hostname, address.port)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, Cut):
                while True:
                    await self._exchange(client, to_client, server, to_server)
        finally:
            for end in (to_client, to_server):
                end.transport.abort()

    async def _lit(self) -> None:
        if not self.light.is_set():
            await self.light.wait()
            raise Cut

    async def _exchange(
        self,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        request = await _head(client)
        self._under_way += 1
        try:
            await self._carried(request, client, to_client, server, to_server)
        finally:
            self._under_way -= 1

    async def _carried(
        self,
        request: tuple[str, dict[str, str], bytes],
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        first, headers, head = request
        method, target, _ = first.split(" ")
        asked = Asked(method, target, headers)
        self.asked.append(asked)
        await self._lit()
        if self.flows_until_taken is not None and len(self.taken) >= self.flows_until_taken:
            self.flows_until_taken = None
            self.flows.clear()
        await self.flows.wait()
        if method == "PUT" and asked.part in self.taken:
            self.resent.append(asked.part)
        to_server.write(head)
        async for data in _body(client, headers):
            self.sent_bytes += len(data)
            if self.dark_at_sent is not None and self.sent_bytes >= self.dark_at_sent:
                self.dark_at_sent = None
                self.light.clear()
            await self._lit()
            if self.cut_at_sent is not None and self.sent_bytes >= self.cut_at_sent:
                self.cut_at_sent = None
                raise Cut
            to_server.write(data)
            await to_server.drain()
        first, headers, head = await _head(server)
        asked.status = int(first.split(" ")[1])
        to_client.write(head)
        async for data in _body(server, headers if method != "HEAD" else {}):
            self.came_bytes += len(data)
            to_client.write(data)
            await to_client.drain()
            if self.cut_at_came is not None and self.came_bytes >= self.cut_at_came:
                self.cut_at_came = None
                raise Cut


async def _head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """Read the first line and the headers of a message; give them as they came, too."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    return first, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}, head


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    left = int(headers.get("content-length", "0"))
    while left:
        data = await reader.read(min(left, 65_536))
        if not data:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(data)
        yield data
