"""A web server with one film, that knows ranges (RFC 9110, section 14) and can be told to behave badly."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.parts.answering import answering

PIECE = 64 * 1024


@dataclass(frozen=True)
class Asked:
    """One request as it came; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]


@dataclass
class FilmServer:
    """Gives ``content`` at every path.

    ``cuts`` are after how many bytes each answer in turn is cut, ``promised`` is what it says the whole has, and
    ``pause`` how long it lets one wait for each ``piece``. ``answer`` is a whole answer instead, where it gives one.
    """

    content: bytes = b""
    etag: str | None = '"one"'
    more: tuple[str, ...] = ()
    ranges: bool = True
    chunked: bool = False
    promised: int | None = None
    cuts: list[int] = field(default_factory=list)
    pause: float = 0.0
    piece: int = PIECE
    answer: Callable[[Asked], bytes | None] = field(default=lambda _: None)
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0
    """Bytes of bodies, as far as they were written."""

    def url(self, path: str = "/film.mp4") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def _start(self, asked: Asked) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        same = asked.headers.get("if-range") == self.etag
        return int(found[1]) if found and same and self.ranges else 0

    def _head(self, start: int) -> bytes:
        whole = len(self.content) if self.promised is None else self.promised
        lines = ["HTTP/1.1 206 Partial Content" if start else "HTTP/1.1 200 OK", *self.more]
        if start:
            lines.append(f"Content-Range: bytes {start}-{whole - 1}/{whole}")
        lines.append("Transfer-Encoding: chunked" if self.chunked else f"Content-Length: {whole - start}")
        if self.etag is not None:
            lines.append(f"ETag: {self.etag}")
        return "\r\n".join([*lines, "", ""]).encode()

    async def give(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if (whole := self.answer(asked)) is not None:
            writer.write(whole)
            await writer.drain()
            return
        start = self._start(asked)
        writer.write(self._head(start))
        end = min(len(self.content), start + self.cuts.pop(0)) if self.cuts else len(self.content)
        for at in range(start, end, self.piece):
            piece = self.content[at : min(at + self.piece, end)]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece)
            await writer.drain()
            self.sent += len(piece)
            if self.pause:
                await asyncio.sleep(self.pause)
        if self.chunked and end == len(self.content):
            writer.write(b"0\r\n\r\n")
        await writer.drain()


@asynccontextmanager
async def serving(server: FilmServer) -> AsyncIterator[FilmServer]:
    """Listen on a free port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                pairs = (line.partition(":") for line in head[1:-2])
                asked = Asked(head[0].split(" ")[1], {name.lower(): value.strip() for name, _, value in pairs})
                server.asked.append(asked)
                await server.give(asked, writer)
        finally:
            writer.close()

    async with answering(talk) as server.port:
        yield server
