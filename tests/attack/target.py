"""The service that is attacked: a ``fiapx up`` of its own, and people on it."""

import asyncio
import http.client
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

from devserver.ports import free_pair
from tests.e2e.client import Person
from tests.e2e.conftest import Up, start, stop
from tests.parts.listening import descendants
from tests.parts.waiting import until

NOT_A_VIDEO = b"\x00\x00\x00\x20ftypisom" + bytes(60)
"""72 bytes that look like a film by their first ones."""
_UNFINISHED = {"PENDING", "PROCESSING"}


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
    alone: bool
    """Whether it needs a service of its own, since it uses up what its network may."""


LINES: list[Line] = []


def attack(name: str, *, alone: bool = False, **settings: str) -> Callable[[Attack], Attack]:
    """Add one, tried on a service with these settings beside those of all."""

    def add(function: Attack) -> Attack:
        LINES.append(Line(name, function, settings, alone))
        return function

    return add


@contextmanager
def running(settings: dict[str, str]) -> Iterator[Up]:
    """Start a service on an empty folder; its users all come from one address, and their webhooks are here too."""
    here = {"FIAPX_REGISTER_RATE_PER_ADDRESS": "10000/hour", "FIAPX_WEBHOOK_LOOPBACK": "true", "FIAPX_WORKERS": "2"}
    with TemporaryDirectory() as folder:
        up = start(Path(folder) / "data", free_pair(), **(here | settings))
        try:
            yield up
        finally:
            stop(up)


@asynccontextmanager
async def somebody(up: Up, email: str | None = None) -> AsyncIterator[Person]:
    """Somebody with a new account."""
    async with Person(up.url, email or f"{uuid4().hex}@example.com") as person:
        registered = await person.register()
        hold("accessToken" in registered, f"nobody can register: {registered}")
        yield person


def bearing(person: Person) -> dict[str, str]:
    """Give the header that says who asks."""
    return {"Authorization": f"Bearer {person.token}"}


async def upload(person: Person, name: str, content: bytes = NOT_A_VIDEO) -> httpx.Response:
    """Send a file by REST."""
    files = {"file": (name, content, "video/mp4")}
    return await person.http.post("/videos/upload", files=files, headers=bearing(person))


async def all_is_told(person: Person) -> list[Any]:
    """Wait until all videos have ended and it is known of every mail and post what became of it; give those.

    What there is to tell of a video is written down in the moment in which it ends, so none can come later.
    """

    async def ended() -> bool:
        return not any(edge["node"]["status"] in _UNFINISHED for edge in (await person.videos())["edges"])

    await until(ended, 90)
    told: list[Any] = []

    async def known() -> bool:
        told[:] = [delivery async for delivery in deliveries(person)]
        return all(one["lastAnswer"] for one in told if one["event"] != "account.digest")  # It waits for its hour.

    await until(known, 60)
    return told


async def deliveries(person: Person) -> AsyncIterator[Any]:
    """Give all lines of the log of what somebody was told."""
    after = None
    while True:
        page = (
            await person.ask(
                """query($after: String) { notificationDeliveries(first: 100, after: $after) {
                     edges { node { channel event status lastAnswer } } pageInfo { endCursor hasNextPage } } }""",
                after=after,
            )
        )["notificationDeliveries"]
        for edge in page["edges"]:
            yield edge["node"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return


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


def slowness() -> float:
    """Say how many times slower than a machine that is all ours this one is now: 1, or more where others work too."""
    began, used = time.monotonic(), time.thread_time()
    while time.thread_time() - used < 0.3:
        pass
    return max(1.0, (time.monotonic() - began) / 0.3)


async def probes(up: Up, seconds: float) -> list[float]:
    """Ask ``/livez`` ten times a second, each time on a new connection; give the seconds that each answer took.

    A thread asks, so that what attacks beside it is not what is measured.
    """
    where = urlsplit(up.url)

    def one() -> float:
        began = time.monotonic()
        with closing(http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)) as client:
            client.request("GET", "/livez")
            hold(client.getresponse().status == 200, "/livez does not answer 200")
        return time.monotonic() - began

    def ask() -> list[float]:
        took, end = list[float](), time.monotonic() + seconds
        while time.monotonic() < end:
            took.append(one())
            time.sleep(0.1)
        return took

    return await asyncio.to_thread(ask)


def p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]


def prompt(took: list[float], slow: float) -> str:
    """Hold that health checks were answered within half a second, on a machine that is ``slow`` times slower."""
    busy = f" on a machine that others make {slow:.1f} times slower" if slow > 1.2 else ""
    seen = f"/livez {1000 * p99(took):.0f} ms at the 99th percentile{busy}"
    hold(p99(took) < 0.5 * slow, seen)
    return seen


def graphql(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()
