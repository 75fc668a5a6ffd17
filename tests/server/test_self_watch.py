"""A server that takes no connections any more ends, for whoever runs it to start it again."""

import asyncio
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Route

from app.server.draining_server import DrainingServer, uvicorn_options
from app.server.health import livez
from app.server.protocol import BoundedHttp
from app.server.self_watch import SelfWatch
from app.server.serving import Serving
from tests.parts.site import FILES
from tests.parts.wired import shipped

SOON = SelfWatch(every_seconds=0.05, within_seconds=0.5, misses=2)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def answers(listener: socket.socket) -> bool:
    """Whether a client hears something of who listens here."""
    with socket.create_connection(listener.getsockname(), timeout=2) as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return client.recv(12) == b"HTTP/1.1 200"


class Starving:
    """Makes what a connection needs, but for once, when memory is wanting."""

    def __init__(self, serving: Serving) -> None:
        self._make = partial(BoundedHttp, connections=serving.connections, settings=serving.settings)
        self.wanting = False

    def __call__(self, *given: Any, **named: Any) -> BoundedHttp:
        if self.wanting:
            self.wanting = False
            raise MemoryError
        return self._make(*given, **named)


def test_a_server_that_once_had_no_memory_for_a_connection_ends_and_says_why(listener: socket.socket) -> None:
    serving = Serving.of(shipped(), files=FILES)
    starving = Starving(serving)
    app = Starlette(routes=[Route("/livez", livez)])
    config = uvicorn.Config(app, **uvicorn_options(serving) | {"http": starving, "lifespan": "off"})
    server = DrainingServer(config, serving, SOON)

    async def story() -> None:
        running = asyncio.create_task(server.serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        assert await asyncio.to_thread(answers, listener)
        assert not server.deaf
        starving.wanting = True
        await asyncio.wait({running}, timeout=20)
        server.should_exit = True  # Else a loop would wait for it, had it not ended.
        await running

    # uvloop is what it is served by, and what stops to listen; asyncio's own loop goes on.
    uvloop.run(story())
    assert server.deaf


async def test_who_never_answers_is_deaf(listener: socket.socket) -> None:
    async with asyncio.timeout(10):
        await SOON.until_deaf(*listener.getsockname())


async def test_who_is_gone_is_deaf(listener: socket.socket) -> None:
    address = listener.getsockname()
    listener.close()
    async with asyncio.timeout(10):
        await SOON.until_deaf(*address)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b""], ids=["a refusal", "an end"])
async def test_who_answers_anything_is_not(answer: bytes) -> None:
    asked = asyncio.Semaphore(0)

    async def answered(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()
        asked.release()

    async with asyncio.timeout(10), await asyncio.start_server(answered, "127.0.0.1", 0) as server:
        watching = asyncio.create_task(SOON.until_deaf(*server.sockets[0].getsockname()))
        for _ in range(5):
            await asked.acquire()
        assert not watching.done()
        watching.cancel()
