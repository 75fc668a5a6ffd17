"""Who stands still: what one client, or a few, can take of a process's time, its memory and its storage."""

import asyncio
import json
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

import httpx

from tests.attack.target import (
    attack,
    bearing,
    graphql,
    hold,
    mebibytes,
    p99,
    probes,
    processes_of,
    prompt,
    slowness,
    somebody,
    upload,
)
from tests.e2e.conftest import Up
from tests.graphql.dear_documents import dear_documents
from tests.parts.waiting import until

JSON = {"Content-Type": "application/json"}
KNOWN = {
    "the whole schema": "{ __schema { types { name fields { name args { name type { name } } type { name } } } } }",
    "limits many times": "{" + " ".join(f"a{n}: serviceLimits {{ maxFileBytes }}" for n in range(10)) + "}",
}
"""Documents that are dear to answer, and no longer new: sent for the second time, they take no turn."""
OF_A_USER = (
    "query($f: String!) {"
    + " ".join(f"a{n}: uploadRefusal(fileName: $f, sizeBytes: 1) {{ code }}" for n in range(10))
    + "}"
)


async def flood(up: Up, seconds: float, body: Callable[[int], bytes], token: str = "") -> Counter[str]:
    """Send bodies over fifty connections, each as soon as the one before is answered; count the answers' statuses."""
    where, ends, numbers, answers = urlsplit(up.url), time.monotonic() + seconds, count(), Counter[str]()
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""

    async def over_one_connection() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        try:
            while time.monotonic() < ends:
                content = body(next(numbers))
                head = f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n{authorization}"
                writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + content)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", answer)
                await reader.readexactly(int(length[1]) if length else 0)
                answers[answer[9:12].decode()] += 1
        finally:
            writer.close()

    async def one() -> None:
        while time.monotonic() < ends:
            # Who is refused unread, as one request too many is, must connect anew.
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await over_one_connection()

    await asyncio.gather(*(one() for _ in range(50)))
    return answers


async def late(up: Up, seconds: float, body: Callable[[int], bytes], token: str = "") -> str:
    """Say how late health checks are meanwhile, and how the documents were answered."""
    slow = slowness()
    answers, took = await asyncio.gather(flood(up, seconds, body, token), probes(up, seconds))
    return f"{prompt(took, slow)}, answers {dict(answers)}"


@attack("Fifty connections send the dearest documents, each of which is new", alone=True)
async def dear_documents_that_are_new(up: Up) -> str:
    bodies = [
        json.dumps({"query": f"{query[:14_980]}#{'0' * 9}", "variables": variables}).encode()
        for query, variables in dear_documents().values()
    ]
    return await late(up, 30, lambda n: bodies[n % len(bodies)].replace(b"#000000000", b"#%09d" % n))


@attack("Fifty connections send dear documents that are known", alone=True)
async def dear_documents_that_are_known(up: Up) -> str:
    bodies = [graphql(query) for query in KNOWN.values()]
    return await late(up, 20, lambda n: bodies[n % len(bodies)])


@attack("Fifty connections of one account ask ten questions at once that the database must answer", alone=True)
async def dear_questions(up: Up) -> str:
    async with somebody(up) as person, somebody(up) as other:
        for number in range(30):
            await upload(person, f"{number}.mp4")
        await other.videos()  # What the other asks is known then, and takes no turn.
        slow = slowness()
        asking = asyncio.create_task(late(up, 20, lambda _: graphql(OF_A_USER, f="a.mp4"), person.token))
        took = []
        while not asking.done():
            began = time.monotonic()
            await other.videos()
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.2)
        seen = await asking
    hold(p99(took) < 2 * slow, f"another account's list takes {p99(took):.1f} s")
    return f"another account's list takes {p99(took):.1f} s; {seen}"


@attack(
    "2,400 different documents of 10 KB are sent without a session, from as many networks as that takes",
    FIAPX_MAX_CPU_SECONDS_PER_MINUTE="100000",
    FIAPX_REQUESTS_PER_MINUTE="1000000",
)
async def rare_documents(up: Up) -> str:
    [api] = processes_of(up, "api")
    filler = " ".join(f"f{n}: maxFileBytes" for n in range(10))

    async def send(first: int) -> None:
        async with httpx.AsyncClient(base_url=up.url, timeout=60, trust_env=False, headers=JSON) as client:
            for number in range(first, first + 200):
                comment = os.urandom(4500).hex()
                query = f"query q{number} {{ serviceLimits {{ {filler} }} }} # {comment}"
                answer = await client.post("/graphql", content=graphql(query))
                hold(answer.status_code == 200, f"document {number} is answered {answer.status_code}")

    await asyncio.gather(*(send(10**6 + 200 * n) for n in range(4)))
    before = mebibytes(api)
    await asyncio.gather(*(send(200 * n) for n in range(8)))
    after = mebibytes(api)
    hold(after < before + 80, f"the API grows from {before:.0f} to {after:.0f} MiB")
    return f"the API has {after:.0f} MiB, {before:.0f} after the first 800"


@attack("Four accounts begin as many uploads as they may and trickle")
async def trickling_uploads(up: Up) -> str:
    pieces = Counter[int]()

    async def trickle(number: int, headers: dict[str, str], stop: asyncio.Event) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
            yield b"\x00\x00\x00\x20ftypisom" + bytes(2048)
            while not stop.is_set():
                yield bytes(1024)
                pieces[number] += 1
                await asyncio.sleep(0.5)

        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(base_url=up.url, timeout=60, trust_env=False, headers=headers) as client:
                await client.post("/videos/upload", content=body())
        pieces[number] += 10  # It has ended.

    stop, trickling = asyncio.Event(), list[asyncio.Task[None]]()
    for _ in range(4):
        async with somebody(up) as person:
            headers = bearing(person) | {"Content-Type": "multipart/form-data; boundary=x"}
            trickling += [asyncio.create_task(trickle(len(trickling) + one, headers, stop)) for one in range(20)]
    try:
        await until(lambda: all(pieces[number] >= 10 for number in range(80)), 60)
        async with somebody(up) as person:
            began = time.monotonic()
            answer = await upload(person, "mine.mp4")
            took = time.monotonic() - began
        hold(answer.status_code == 202, f"a fifth account's upload is answered {answer.status_code}")
    finally:
        stop.set()
        await asyncio.gather(*trickling)
    return f"a fifth account's upload is accepted in {took:.1f} s"


@attack(
    "One account fills the storage, and others what is left",
    FIAPX_MAX_STORED_BYTES_PER_USER="3000000",
    FIAPX_MAX_STORED_BYTES="7000000",
)
async def a_full_storage(up: Up) -> str:
    big, answers = b"\x00\x00\x00\x20ftypisom" + bytes(1_000_000), list[list[int]]()

    async def all_of(number: int) -> None:
        async with somebody(up) as person:
            sent = [upload(person, f"{one}.mp4", big) for one in range(5)]
            answers.append([answer.status_code for answer in await asyncio.gather(*sent)])
            hold(answers[-1].count(202) <= 2 + (number < 0), f"of three megabytes {answers[-1]} are taken")

    await all_of(0)
    await asyncio.gather(*(all_of(number) for number in range(1, 5)))
    taken = sum(each.count(202) for each in answers)
    hold(taken >= 2, f"nobody can upload: {answers}")
    hold(taken <= 6, f"{taken} megabytes are taken where the service may keep seven")
    return f"{taken} of 25 files are taken, where there is room for six"
