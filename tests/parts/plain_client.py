"""An HTTP client that does next to nothing, for many thousand requests: httpx takes longer than the service does."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httptools


class PlainClient:
    """Posts to ``/graphql`` as one user, over one connection for as long as the server keeps it."""

    def __init__(self, url: str, token: str) -> None:
        self._server = urlsplit(url)
        self._head = (
            f"POST /graphql HTTP/1.1\r\nHost: {self._server.netloc}\r\nAuthorization: Bearer {token}\r\n"
        ).encode()
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._close()

    async def post(self, content_type: str, accept: str, body: bytes) -> tuple[int, str]:
        """Return the status of the answer, and its body."""
        if self._connection is None:
            self._connection = await asyncio.open_connection(self._server.hostname, self._server.port)
        reader, writer = self._connection
        fields = f"Content-Type: {content_type}\r\nAccept: {accept}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(self._head + fields.encode() + body)
        answer = _Answer()
        parser: Any = httptools.HttpResponseParser(answer)
        async with asyncio.timeout(30):
            while not answer.whole:
                data = await reader.read(1 << 16)
                assert data, f"it hung up after {bytes(answer.body)!r}"
                parser.feed_data(data)
        if not parser.should_keep_alive():
            await self._close()
        return parser.get_status_code(), answer.body.decode()

    async def _close(self) -> None:
        if self._connection is not None:
            self._connection[1].close()
            with suppress(ConnectionError):  # The server may have been faster.
                await self._connection[1].wait_closed()
            self._connection = None


class _Answer:
    """What the parser tells of."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.whole = False

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.whole = True
