"""A web server that keeps what is posted to it and answers as told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True)
class Post:
    """One request as it came; the names of its headers are in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes
    server_name: str | None


@dataclass
class Receiver:
    """``answer`` is what each post gets; None hangs up without a word."""

    port: int = 0
    answer: Callable[[Post], bytes | None] = field(default=lambda _: OK)
    posts: list[Post] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def receiving(
    receiver: Receiver, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Listen, on the receiver's port or, where that is 0, on a free one."""
    talks: set[asyncio.Task[None]] = set()
    names: dict[object, str | None] = {}
    if tls is not None:
        tls.sni_callback = lambda connection, name, _: names.__setitem__(connection, name)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            post = await _post(reader, names.get(writer.get_extra_info("ssl_object")))
            receiver.posts.append(post)
            if (answer := receiver.answer(post)) is not None:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        task = asyncio.create_task(talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    server = await asyncio.start_server(connected, host, receiver.port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _post(reader: asyncio.StreamReader, server_name: str | None) -> Post:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {}
    for one in head[1:-2]:
        name, _, value = one.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Post(head[0], headers, body, server_name)
