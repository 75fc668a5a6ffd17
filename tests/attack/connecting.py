"""Who stands still: what one client, or a few, can take of all connections."""

import asyncio
import json
import socket
import time
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, suppress
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.attack.target import attack, bearing, hold, mebibytes, probes, processes_of, prompt, slowness, somebody
from tests.e2e.client import Person
from tests.e2e.conftest import Up

WATCH = "subscription { videoStatus { __typename } }"
TRANSPORT = Subprotocol("graphql-transport-ws")


def connected(up: Up, address: str = "127.0.0.1") -> socket.socket:
    where = urlsplit(up.url)
    return socket.create_connection((where.hostname or "", where.port or 0), timeout=5, source_address=(address, 0))


@attack("1,100 connections are opened and say nothing")
async def silence(up: Up) -> str:
    slow = slowness()
    with ExitStack() as opened:
        refused = 0
        for _ in range(1100):
            try:
                opened.enter_context(connected(up))
            except OSError:
                refused += 1
        took = await probes(up, 3)
        async with somebody(up) as person:
            await person.videos()
    return f"{refused} refused at once, and people are served: {prompt(took, slow)}"


@attack("600 connections of one address ask, and send a letter of their head every second")
async def slow_heads(up: Up) -> str:
    longest, seconds, slow = 20, list[float](), slowness()

    async def drip() -> None:
        where, began = urlsplit(up.url), time.monotonic()
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(where.hostname, where.port)
            with suppress(TimeoutError):
                async with asyncio.timeout(longest):
                    writer.write(b"GET /livez HTTP/1.1\r\nX-A: ")
                    while not reader.at_eof():
                        writer.write(b"a")
                        with suppress(TimeoutError):
                            async with asyncio.timeout(1):
                                await reader.read(1024)
            writer.close()
        seconds.append(time.monotonic() - began)

    _, took = await asyncio.gather(asyncio.gather(*(drip() for _ in range(600))), probes(up, 10))
    hold(max(seconds) < longest, f"one may go on for {max(seconds):.0f} s")
    return f"all are ended within {max(seconds):.0f} s; {prompt(took, slow)}"


@attack("A head of 256 MiB is sent")
async def a_long_head(up: Up) -> str:
    [api] = processes_of(up, "api")
    before, sent = mebibytes(api), 0

    def send() -> None:
        nonlocal sent
        with connected(up) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n")
            line = b"X-A: " + b"a" * 8000 + b"\r\n"
            with suppress(OSError):
                while sent < 256 * 1024**2:
                    connection.sendall(line)
                    sent += len(line)

    await asyncio.to_thread(send)
    grown = mebibytes(api) - before
    hold(grown < 20, f"the API grows by {grown:.0f} MiB")
    return f"cut after {sent / 1024:.0f} KiB, the API grows by {max(0, grown):.1f} MiB"


@attack("A WebSocket sends pings, and another messages, as fast as it can")
async def frames(up: Up) -> str:
    slow = slowness()
    async with somebody(up) as person:
        pings = await sent_before_its_end(up, person, "pings")
        messages = await sent_before_its_end(up, person, "messages")
        took = await probes(up, 1)
    return f"it ends while {pings} pings, or {messages} messages, are on their way; {prompt(took, slow)}"


async def sent_before_its_end(up: Up, person: Person, kind: str, most: int = 20_000) -> int:
    url = up.url.replace("http", "ws", 1) + "/graphql"
    async with connect(url, subprotocols=[TRANSPORT], proxy=None, ping_interval=None) as connection:
        init = {"type": "connection_init", "payload": {"authorization": bearing(person)["Authorization"]}}
        await connection.send(json.dumps(init))
        reading, sent = asyncio.create_task(read(connection)), 0
        with suppress(ConnectionClosed):
            while sent < most and not reading.done():
                await (connection.ping() if kind == "pings" else connection.send('{"type": "ping"}'))
                sent += 1
                await asyncio.sleep(0)
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await reading
        hold(connection.close_code == 4429, f"{sent} {kind} end with {connection.close_code}")
        return sent


async def read(connection: ClientConnection) -> None:
    """Take what comes, so that the end is seen too."""
    with suppress(ConnectionClosed):
        while True:
            await connection.recv()


@attack("600 streams are opened by twelve accounts of one address")
async def streams(up: Up) -> str:
    answers, slow = Counter[int](), slowness()
    client = httpx.AsyncClient(base_url=up.url, trust_env=False, timeout=30, limits=httpx.Limits())

    async def watch(person: Person, opened: AsyncExitStack) -> None:
        headers = bearing(person) | {"Accept": "text/event-stream"}
        asked = client.stream("POST", "/graphql", json={"query": WATCH}, headers=headers)
        answers[(await opened.enter_async_context(asked)).status_code] += 1

    async with client, AsyncExitStack() as opened:
        people = [await opened.enter_async_context(somebody(up)) for _ in range(12)]
        for person in people:
            await asyncio.gather(*(watch(person, opened) for _ in range(50)))
            hold(answers[200] <= 20 * (people.index(person) + 1), f"one account has {answers[200]} streams")
        took = await probes(up, 1)
    hold(0 < answers[200] <= 200, f"of 600 streams {answers[200]} are open")
    hold(set(answers) <= {200, 429, 503}, f"answers: {dict(answers)}")
    return f"{answers[200]} are open, the rest are refused: {dict(answers)}; {prompt(took, slow)}"
