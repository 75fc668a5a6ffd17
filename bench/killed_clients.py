"""What becomes of a large upload whose client is killed, or whose page loses its network, is loaded anew and closed.

Each client sends a film to ``fiapx up`` undisturbed, and once more, now killed by SIGKILL at random moments and started
again each time. A line before the storage tells which parts came, and whether one was begun anew that the storage had
confirmed; in the end the pictures of both ZIPs must be the same. Then the page does it in a real Chromium: 20 s without
a network at 40 %, loaded anew at 60 %, the browser closed and started again at 80 %.

It needs Node.js, Chromium, the built page and the samples (``make pages samples``).

Repeat: PYTHONPATH=. python bench/killed_clients.py [MEBIBYTES] [KILLS] [SEED]
"""

import asyncio
import hashlib
import json
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.async_api import BrowserContext, CDPSession, Page, async_playwright

from devserver.ports import free_pair
from tests.clients.conftest import FOLDER, installed, node, running
from tests.e2e.conftest import Up, start, stop
from tests.e2e.large_films import DRAWN, MIB, drawn_by, is_at, leave, long_film
from tests.e2e.visitor import ENGLISH, PASSWORD, Visitor
from tests.parts.browser import OPTIONS, chromium
from tests.parts.http_line import HttpLine
from tests.parts.waiting import until

SAMPLES: Final = Path(__file__).parents[1] / ".samples"
ACCOUNT: Final = {"email": "ana@example.com", "password": PASSWORD}
DARK_SECONDS: Final = 20
PART: Final = 8 * MIB
UNDER_WAY: Final = 2
"""Parts that the page sends at once."""
BROWSER_SECONDS: Final = 30
"""For so long the page would send the film undisturbed: its line is as slow as that."""


@dataclass(frozen=True)
class Place:
    """A running service, the line before its storage, and somebody who knows both."""

    up: Up
    line: HttpLine
    http: httpx.AsyncClient
    token: str
    film: Path

    @property
    def size(self) -> int:
        return self.film.stat().st_size

    async def pictures(self, video: str) -> Mapping[str, str]:
        """Wait for a video's ZIP; return what is in it, by the names of its entries."""
        status: list[str] = []

        async def ended() -> bool:
            query = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { status } } }"
            answer = await self.http.post("/graphql", json={"query": query, "variables": {"id": video}})
            status.append(answer.raise_for_status().json()["data"]["video"]["status"])
            return status[-1] in {"COMPLETED", "FAILED"}

        await until(ended, 300)
        assert status[-1] == "COMPLETED", status[-1]
        answer = await self.http.get(f"/videos/{video}/download", follow_redirects=True)
        with zipfile.ZipFile(BytesIO(answer.raise_for_status().content)) as archive:
            return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}

    def at(self) -> str:
        """What the storage has of the film at this moment."""
        parts, twice = len(set(self.line.taken)), len(self.line.resent)
        return f"{parts:3} parts confirmed, {twice} of them sent again"


@asynccontextmanager
async def placed(mebibytes: int) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        line = await stack.enter_async_context(HttpLine("").open())
        up = start(folder / "data", free_pair(), FIAPX_S3_UPLOAD_URL=line.url)
        stack.callback(stop, up)
        line.server = f"http://127.0.0.1:{json.loads((up.data / 'ports.json').read_text())['s3']}"
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=up.url, trust_env=False, timeout=60))
        (await http.post("/auth/register", json={"name": "Ana", **ACCOUNT})).raise_for_status()
        token = (await http.post("/auth/login", json=ACCOUNT)).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield Place(up, line, http, token, long_film(SAMPLES, folder, mebibytes * MIB))


async def to_its_end(place: Place, command: tuple[str, str]) -> str:
    """Let a client send the film; return the video's id."""
    async with running(*command, place.up.url, place.token, str(place.film)) as program:
        step: dict[str, Any] = {}
        while not {"id", "code"}.intersection(step):
            step = await program.step(300)
        assert "id" in step, step
        return str(step["id"])


async def killed(place: Place, name: str, command: tuple[str, str], kills: int, chance: random.Random) -> bool:
    """Kill a client so often; tell whether what it sent is what it sends undisturbed."""
    line = place.line
    line.forget()
    began = time.monotonic()
    right = await place.pictures(await to_its_end(place, command))
    print(f"{name}, undisturbed: {time.monotonic() - began:.0f} s, {len(right) - 1} pictures", flush=True)
    line.forget()
    points = sorted(chance.sample(range(1, place.size), kills))
    for number, (before, point) in enumerate(pairwise([0, *points]), 1):
        end = line.sent_bytes + point - before
        async with running(*command, place.up.url, place.token, str(place.film)):  # Which ends it by SIGKILL.
            await until(partial(line.has_sent, end), 300)
        await line.settled()
        print(f"{name}, killed {number:2}: {100 * point / place.size:3.0f} % sent, {place.at()}", flush=True)
    pictures = await place.pictures(await to_its_end(place, command))
    kept = not line.resent and pictures == right
    verdict = "the ZIP is the same" if pictures == right else "ANOTHER ZIP"
    print(f"{name}, to its end: {place.at()}, {verdict}: {'kept' if kept else 'MISSED'}", flush=True)
    return kept


@dataclass
class Browsing:
    """Somebody at the page whose browser keeps what it knows in a folder."""

    place: Place
    profile: Path

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Visitor, BrowserContext]]:
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                self.profile, executable_path=chromium(), args=OPTIONS, locale="en-GB"
            )
            try:
                await context.add_init_script(DRAWN)
                visitor = await Visitor(context.pages[0], self.place.up.url, ENGLISH).open()
                yield visitor, context
            finally:
                await context.close()

    async def slow(self, network: CDPSession, *, offline: bool = False) -> None:
        """Let the page send as slowly as is wanted, or nothing; of a page all by one session."""
        rate = self.place.size // BROWSER_SECONDS
        limits = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
        await network.send("Network.emulateNetworkConditions", limits)

    def confirmed_percent(self) -> int:
        """What the page knows to be confirmed, at least: of those under way when it ended it may not have heard."""
        return int(100 * (len(set(self.place.line.taken)) - UNDER_WAY) * PART / self.place.size)

    async def goes_on(self, visitor: Visitor, least: int, told: str) -> bool:
        """Choose the film once more; tell whether the page shows no less than was confirmed, and it never falls."""
        await visitor.sees(self.place.film.name, "Interrupted")
        await visitor.choose(self.place.film)
        await is_at(visitor.page, least)
        return await self.rises(visitor.page, least, told)

    async def rises(self, page: Page, least: int, told: str) -> bool:
        shown = await drawn_by(page)
        kept = shown == sorted(shown) and shown[0] >= least and not self.place.line.resent
        word = "kept" if kept else "MISSED"
        print(f"Chromium, {told}: from {shown[0]} % on, {self.place.at()}: {word}", flush=True)
        return kept


async def browsed(place: Place, profile: Path) -> bool:
    place.line.forget()
    somebody, name, kept = Browsing(place, profile), place.film.name, []
    async with somebody.opened() as (ana, context):
        await ana.sign_up()
        network = await context.new_cdp_session(ana.page)
        await somebody.slow(network)
        await ana.choose(place.film)
        await is_at(ana.page, 40)
        await somebody.slow(network, offline=True)
        await asyncio.sleep(DARK_SECONDS)
        await somebody.slow(network)
        await is_at(ana.page, 60)
        kept.append(await somebody.rises(ana.page, 0, f"offline for {DARK_SECONDS} s at 40 %"))
        await leave(ana.page, ana.page.reload)
        await place.line.settled()
        await somebody.slow(network)
        kept.append(await somebody.goes_on(ana, somebody.confirmed_percent(), "loaded anew at 60 %"))
        await is_at(ana.page, 80)
    await place.line.settled()
    async with somebody.opened() as (ana, context):
        kept.append(await somebody.goes_on(ana, somebody.confirmed_percent(), "closed at 80 % and started again"))
        await ana.sees(name, "Ready", within=300_000)
        kept.append(await somebody.rises(ana.page, 0, "to its end, Completed"))
    return all(kept)


async def main(mebibytes: int, kills: int, seed: int) -> int:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as package, tempfile.TemporaryDirectory() as profile:
        python = (sys.executable, str(FOLDER / "sending.py"))
        typescript = (node(), str(installed(Path(package)) / "resuming.mjs"))
        async with placed(mebibytes) as place:
            kept = [
                await killed(place, "Python", python, kills, chance),
                await killed(place, "TypeScript", typescript, kills, chance),
                await browsed(place, Path(profile)),
            ]
    print(f"repeat: PYTHONPATH=. python bench/killed_clients.py {mebibytes} {kills} {seed}")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(asyncio.run(main(*given, *(300, 10, random.randrange(10**6))[len(given) :])))
