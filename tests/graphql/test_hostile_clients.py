"""Hostile bodies and hostile messages by the thousand: no fault of ours, no leak, and it still answers.

Everything is made from a seed, so a failure names the body that can be sent again.
``HOSTILE_BODIES=10000`` in the environment sends so many.
"""

import asyncio
import json
import os
import random
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.graphql.schema import schema
from tests.parts.plain_client import PlainClient
from tests.parts.site import MP4, Person, Site, running_site
from tests.parts.wired import shipped

BODIES = int(os.environ.get("HOSTILE_BODIES", "2000"))
MESSAGES = BODIES // 4
AT_ONCE = 8
LEAKS = re.compile(
    r"Traceback|site-packages|\.py\b|/app/|sqlalchemy|sqlite|SELECT |INSERT |aiosqlite|strawberry|graphql\.error|"
    r"(?:Key|Type|Value|Attribute|Runtime|Recursion|Assertion|Unicode\w*|Index|Operational)Error\b|0x[0-9a-f]{8}"
)
NAMES = sorted(
    {field for kind in schema._schema.type_map.values() for field in getattr(kind, "fields", {})}
    | set(schema._schema.type_map)
)
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    2**31,
    2**63,
    1e308,
    "",
    "\x00",
    "\ud800",
    "é" * 50,
    "../../etc/passwd",
    "' OR 1=1 --",
    [],
    {},
]


@pytest.fixture
async def open_site(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that does not mind how often one address comes."""
    settings = shipped(
        requests_per_minute=10**9,
        max_cpu_seconds_per_minute=10**9,
        max_sockets_per_user=10**9,
        max_sockets_per_address=10**9,
        socket_messages_per_minute=10**9,
    )
    async with running_site(empty_database, tmp_path, settings=settings) as running:
        yield running


class Hostile:
    """Makes things that nobody should send, from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def value(self, depth: int = 0) -> Any:
        kind = self._random.randrange(8)
        if kind == 0 and depth < 4:
            return [self.value(depth + 1) for _ in range(self._random.randrange(4))]
        if kind == 1 and depth < 4:
            return {self._random.choice([*NAMES, "", "x"]): self.value(depth + 1) for _ in range(3)}
        return self._random.choice(ODD)

    def literal(self, depth: int = 0) -> str:
        kind = self._random.randrange(9)
        if kind == 0 and depth < 4:
            return "[" + " ".join(self.literal(depth + 1) for _ in range(3)) + "]"
        if kind == 1 and depth < 4:
            return "{" + f"{self._random.choice(NAMES)}: {self.literal(depth + 1)}" + "}"
        return self._random.choice(
            ["null", "$v", "1", "-1", "9" * 400, "1e999", '"x"', '"\\u0000"', '"""b"""', "PENDING", "true", "PT_BR"]
        )

    def selection(self, depth: int = 0) -> str:
        parts = []
        for _ in range(self._random.randrange(1, 4)):
            kind = self._random.randrange(10)
            name = self._random.choice(NAMES)
            if kind == 0:
                parts.append(f"... on {name} {self.selection(depth + 1) if depth < 8 else '{ id }'}")
            elif kind == 1:
                parts.append("...F")
            elif kind == 2:
                parts.append(f"a{self._random.randrange(9)}: {name}")
            elif kind == 3:
                parts.append(f"{name} @{self._random.choice(['skip', 'include', 'defer', 'x'])}(if: {self.literal()})")
            elif kind == 4:
                parts.append(f"{name}({self._random.choice(NAMES)}: {self.literal()})")
            elif kind == 5 and depth < 8:
                parts.append(f"{name} {self.selection(depth + 1)}")
            else:
                parts.append(self._random.choice(["__typename", "__schema { types { name } }", name, "me { id }"]))
        return "{ " + " ".join(parts) + " }"

    def real(self) -> str:
        """Something that comes near to what is meant, so that it gets further in."""
        argument = self.literal()
        return self._random.choice(
            [
                f"{{ videos(first: {argument}, after: {self.literal()}, status: {self.literal()}) {{ totalCount }} }}",
                f"{{ video(id: {argument}) {{ __typename ... on Problem {{ code }} }} }}",
                f"mutation {{ cancelVideo(id: {argument}) {{ __typename }} }}",
                f"mutation {{ reprocessVideo(id: {argument}, options: {self.literal()}) {{ __typename }} }}",
                f"mutation {{ uploadVideo(file: {argument}) {{ __typename }} }}",
                f"mutation {{ login(input: {{email: {argument}, password: {self.literal()}}}) {{ __typename }} }}",
                f"query($v: {self._random.choice(NAMES)}) {{ video(id: $v) {{ __typename }} }}",
                f"subscription {{ videoStatus(id: {argument}) {{ __typename }} }}",
            ]
        )

    def query(self) -> str:
        kind = self._random.randrange(6)
        if kind == 0:
            return self.real() + f" fragment F on {self._random.choice(NAMES)} {self.selection()}"
        if kind == 1:
            text = self.real()
            cut = self._random.randrange(len(text))
            return text[:cut] + self._random.choice(["", "\x00", "}", "{", '"', "…", "\ufeff"]) + text[cut + 1 :]
        if kind in {2, 3}:
            return self.real()
        head = self._random.choice(["query", "mutation", "subscription", "query Q", "", "query($v: Int)"])
        return f"{head} {self.selection()} fragment F on Query {self.selection()}"

    def operation(self) -> Any:
        body: Any = {"query": self.query(), "variables": {"v": self.value()}}
        for name in ("query", "variables", "operationName", "extensions"):
            if self._random.randrange(12) == 0:
                body[name] = self.value()
        return body if self._random.randrange(25) else self.value()

    def body(self) -> tuple[str, bytes]:
        """Give a media type and a body."""
        kind = self._random.randrange(12)
        text = json.dumps(self.operation()).encode()
        if kind == 0:
            cut = self._random.randrange(len(text) + 1)
            return "application/json", text[:cut] + self._random.randbytes(3) + text[cut:]
        if kind == 1:
            depth = self._random.choice([10, 1000, 50_000])
            return "application/json", b'{"query":' + b"[" * depth + b"]" * depth + b"}"
        if kind == 2:
            return self._random.choice(["text/plain", "application/graphql", "application/json; x", "a"]), text
        if kind in {3, 4}:
            return "multipart/form-data; boundary=b", self._multipart()
        return "application/json", text

    def message(self) -> str | bytes:
        """Give a WebSocket message."""
        kind = self._random.randrange(10)
        if kind == 0:
            return self._random.randbytes(20)
        if kind == 1:
            return json.dumps(self.value())
        if kind == 2:
            return '{"type":' + "[" * 5000
        types = ["subscribe", "subscribe", "subscribe", "complete", "ping", "pong", "connection_init", "next", "x"]
        message = {"type": self._random.choice(types), "id": "1", "payload": self.operation()}
        if self._random.randrange(6) == 0:
            message[self._random.choice(list(message))] = self.value()
        return json.dumps(message)

    def _multipart(self) -> bytes:
        paths = self._random.choice(
            ['{"0": ["variables.v"]}', '{"0": ["variables.v", "variables.v"]}', "[]", '{"0": 1}']
        )
        operations = json.dumps(
            {"query": self.query(), "variables": {"v": None}} if self._random.randrange(4) else self.value()
        )
        parts = [("operations", operations.encode()), ("map", paths.encode()), ("0", MP4[:200])]
        if self._random.randrange(4) == 0:
            self._random.shuffle(parts)
        body = b"".join(
            b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
            % (name.encode(), b'; filename="a.mp4"' if name == "0" else b"", content)
            for name, content in parts
        )
        body += b"--b--\r\n"
        return body if self._random.randrange(4) else body[: self._random.randrange(len(body))]


def checked(seed: int, sent: bytes | str, status: int, text: str) -> None:
    about = f"seed {seed}: {sent[:2000]!r} was answered by {status} {text[:2000]}"
    assert status < 500, about
    assert '"INTERNAL"' not in text, about
    # A client's own words may come back to it, so only what it did not say itself is a leak.
    said = sent if isinstance(sent, str) else sent.decode("utf-8", "replace")
    assert not [leak for leak in LEAKS.findall(text) if leak not in said], about


@pytest.mark.slow
async def test_hostile_bodies_are_answered_without_a_fault_of_ours(open_site: Site):
    async with open_site.person() as ana:
        seeds: Iterator[int] = iter(range(BODIES))

        async def attack() -> None:
            async with PlainClient(open_site.url, ana.token) as client:
                for seed in seeds:
                    kind, body = Hostile(seed).body()
                    accept = ("application/json", "application/graphql-response+json")[seed % 2]
                    checked(seed, body, *await client.post(kind, accept, body))

        await asyncio.gather(*(attack() for _ in range(AT_ONCE)))
        assert (await ana.ask("{ me { id } }"))["me"]["id"] == ana.id


@pytest.mark.slow
async def test_hostile_messages_end_at_most_their_own_socket(open_site: Site):
    async with open_site.person() as ana, open_socket(open_site, ana) as bystander:
        seeds: Iterator[int] = iter(range(MESSAGES))

        async def attack() -> None:
            for seed in seeds:
                async with open_socket(open_site, ana) as socket:
                    message = Hostile(seed).message()
                    try:
                        await socket.send(message)
                        await socket.send('{"type":"ping","payload":{"seed":1}}')
                        while json.loads(answer := await asyncio.wait_for(socket.recv(), 10))["type"] != "pong":
                            checked(seed, message, 200, str(answer))
                    except ConnectionClosed:
                        about = f"seed {seed}: {message[:2000]!r} closed with {socket.close_code} {socket.close_reason}"
                        assert socket.close_code in {4400, 4401, 4409, 4429, 1009}, about
                        checked(seed, message, 200, socket.close_reason or "")

        await asyncio.gather(*(attack() for _ in range(AT_ONCE)))
        await bystander.send('{"type":"ping"}')
        assert json.loads(await asyncio.wait_for(bystander.recv(), 10))["type"] == "pong"


@asynccontextmanager
async def open_socket(site: Site, person: Person) -> AsyncIterator[ClientConnection]:
    """Give a socket whose session is known."""
    async with connect(site.websocket_url, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as socket:
        session = {"authorization": f"Bearer {person.token}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": session}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        yield socket
