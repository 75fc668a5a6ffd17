"""The service that is attacked: a ``fiapx up`` of its own, and people on it."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx

from devserver.ports import free_pair
from tests.e2e.client import Person
from tests.e2e.conftest import Up, start, stop
from tests.parts.listening import descendants

NOT_A_VIDEO = b"\x00\x00\x00\x20ftypisom" + bytes(60)
"""72 bytes that look like a film by their first ones."""


class Broken(Exception):
    """The attack got through."""


def hold(held: bool, otherwise: str) -> None:
    """Raise ``Broken`` where it does not."""
    if not held:
        raise Broken(otherwise)


Attack = Callable[[Up], Coroutine[None, None, str]]
"""Gives a sentence of what was seen; raises ``Broken`` where it should not have been."""


@dataclass(frozen=True)
class Line:
    """One line of the report."""

    name: str
    attack: Attack
    settings: dict[str, str]


LINES: list[Line] = []


def attack(name: str, **settings: str) -> Callable[[Attack], Attack]:
    """Add one, tried on a service with these settings beside those of all."""

    def add(function: Attack) -> Attack:
        LINES.append(Line(name, function, settings))
        return function

    return add


@contextmanager
def running(settings: dict[str, str]) -> Iterator[Up]:
    """Start a service on an empty folder; its users all come from one address."""
    rates = {"FIAPX_REGISTER_RATE_PER_ADDRESS": "10000/hour", "FIAPX_WORKERS": "1"}
    with TemporaryDirectory() as folder:
        up = start(Path(folder) / "data", free_pair(), **(rates | settings))
        try:
            yield up
        finally:
            stop(up)


@asynccontextmanager
async def somebody(up: Up, email: str | None = None) -> AsyncIterator[Person]:
    """Somebody with a new account."""
    async with Person(up.url, email or f"{uuid4().hex}@example.com") as person:
        registered = await person.register()
        assert "accessToken" in registered, registered
        yield person


async def upload(person: Person, name: str, content: bytes = NOT_A_VIDEO) -> httpx.Response:
    """Send a file by REST."""
    headers = {"Authorization": f"Bearer {person.token}"}
    return await person.http.post("/videos/upload", files={"file": (name, content, "video/mp4")}, headers=headers)


def processes_of(up: Up, *words: str) -> list[int]:
    """Find those of its processes whose command has these words, such as ``api``."""
    return [
        pid
        for pid in descendants(up.process.pid)
        if set(words) <= set(Path(f"/proc/{pid}/cmdline").read_text().split("\0"))
    ]


def mebibytes(pid: int) -> float:
    """Give a process's resident memory (proc_pid_status)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def probes(up: Up, seconds: float) -> list[float]:
    """Ask ``/livez`` ten times a second on connections of their own, and give how long each answer took, in seconds."""
    took = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        async with httpx.AsyncClient(base_url=up.url, timeout=30, trust_env=False) as client:
            hold((await client.get("/livez")).status_code == 200, "/livez does not answer 200")
        took.append(time.monotonic() - began)
        await asyncio.sleep(0.1)
    return took


def p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]


def graphql(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()
