"""Who stands still: what one client, or a few, can take from all others."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx

from tests.attack.target import attack, graphql, hold, mebibytes, p99, probes, processes_of, somebody, upload
from tests.e2e.conftest import Up

UNKNOWN_FIELDS = "mutation { login(input: {" + " ".join(f"emial{n}: 1" for n in range(300)) + "}) { __typename } }"
SAME_NAMES = "{ serviceLimits {" + " a: maxFileBytes" * 14 + " maxFileBytes" * 220 + " } }"
DEAREST = [graphql(UNKNOWN_FIELDS), graphql(SAME_NAMES)]
JSON = {"Content-Type": "application/json"}


@attack("Fifty connections send the dearest documents of 3 KB")
async def dear_documents(up: Up) -> str:
    end = time.monotonic() + 20

    async def send(number: int) -> int:
        answered = 0
        async with httpx.AsyncClient(base_url=up.url, timeout=60, trust_env=False, headers=JSON) as client:
            while time.monotonic() < end:
                await client.post("/graphql", content=DEAREST[number % 2])
                answered += 1
        return answered

    sending = [asyncio.create_task(send(number)) for number in range(50)]
    took = await probes(up, 20)
    answered = sum(await asyncio.gather(*sending))
    hold(p99(took) < 0.5, f"/livez takes {p99(took):.1f} s at the 99th percentile")
    return f"{answered} answered, /livez {1000 * p99(took):.0f} ms at the 99th percentile"


def connected(up: Up, address: str = "127.0.0.1") -> socket.socket:
    where = urlsplit(up.url)
    return socket.create_connection((where.hostname or "", where.port or 0), timeout=5, source_address=(address, 0))


@attack("1,100 connections are opened and say nothing")
async def silence(up: Up) -> str:
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
    hold(p99(took) < 2, f"/livez takes {p99(took):.1f} s meanwhile")
    return f"{refused} refused at once, and people are served: /livez {1000 * p99(took):.0f} ms"


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


@attack("Four accounts begin as many uploads as they may and trickle")
async def trickling_uploads(up: Up) -> str:
    async def trickle(token: str, stop: asyncio.Event) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
            yield b"\x00\x00\x00\x20ftypisom" + bytes(2048)
            while not stop.is_set():
                yield bytes(1024)
                await asyncio.sleep(0.5)

        headers = {"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data; boundary=x"}
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(base_url=up.url, timeout=60, trust_env=False) as client:
                await client.post("/videos/upload", content=body(), headers=headers)

    stop, tokens = asyncio.Event(), []
    for _ in range(4):
        async with somebody(up) as person:
            tokens.append(person.token)
    trickling = [asyncio.create_task(trickle(token, stop)) for token in tokens for _ in range(20)]
    try:
        await asyncio.sleep(5)
        async with somebody(up) as person:
            began = time.monotonic()
            answer = await upload(person, "mine.mp4")
            took = time.monotonic() - began
        hold(answer.status_code == 202, f"a fifth account's upload is answered {answer.status_code}")
    finally:
        stop.set()
        await asyncio.gather(*trickling)
    return f"a fifth account's upload is accepted in {took:.1f} s"


@attack("6,000 different documents of 10 KB are sent without a session")
async def rare_documents(up: Up) -> str:
    [api] = processes_of(up, "api")
    filler = " ".join(f"f{n}: maxFileBytes" for n in range(10))

    async def send(first: int) -> None:
        async with httpx.AsyncClient(base_url=up.url, timeout=60, trust_env=False, headers=JSON) as client:
            for number in range(first, first + 600):
                comment = os.urandom(4500).hex()
                query = f"query q{number} {{ serviceLimits {{ {filler} }} }} # {comment}"
                await client.post("/graphql", content=graphql(query))

    await send(10**6)
    before = mebibytes(api)
    await asyncio.gather(*(send(600 * n) for n in range(10)))
    after = mebibytes(api)
    hold(after < before + 120, f"the API grows from {before:.0f} to {after:.0f} MiB")
    return f"the API has {after:.0f} MiB, {before:.0f} after the first 600"


@attack("One account fills the storage", FIAPX_MAX_STORED_BYTES_PER_USER="3000000")
async def a_full_storage(up: Up) -> str:
    big = b"\x00\x00\x00\x20ftypisom" + bytes(1_000_000)
    async with somebody(up) as person:
        codes = [(await upload(person, f"{number}.mp4", big)).status_code for number in range(6)]
    hold(codes[-1] >= 400, "six megabytes are taken where three are allowed")
    return f"answers: {codes}"
