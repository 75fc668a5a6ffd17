"""What becomes of a burst of ten times what the workers can do, two minutes long, sent by sixty users.

    PYTHONPATH=. python bench/burst.py [seconds] [times] [sqlite|mariadb]

An API and two workers run, with one thread of ffmpeg each, and let less wait than as they are shipped: the burst goes
beyond that, by bytes and by age. First it is measured how many films the workers do a second when they have
nothing else. Then ten times as many are sent, evenly and whatever becomes of those before, each by another user, by
REST and by GraphQL in turn; ten others, in a process of their own, ask for their videos meanwhile. At last everything
that was accepted is awaited. The stores, and who sends, are on this machine's cores too; the senders stand for other
machines, and let all others go first (nice).
"""

import asyncio
import itertools
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.clips import ffmpeg
from tests.faults.campaign.deployment import Deployment

SENDERS = 60
BEFORE_SECONDS = 15
READERS = 10
POLITE = 10
PASSWORD = "correct horse battery"
AIM_MS = 100
PROBES = 8
"""So many films show how many the workers do a second."""
BACKLOG_SECONDS, BACKLOG_FILMS = 10, 15
OPERATIONS = Path(__file__).parents[1] / "operations"
UPLOAD = (OPERATIONS / "upload-video.graphql").read_text()
VIDEOS = (OPERATIONS / "videos.graphql").read_text()
UNFINISHED = "{ videos(status: [PENDING, PROCESSING]) { totalCount } }"
COUNTS = "{ all: videos { totalCount } completed: videos(status: [COMPLETED]) { totalCount } }"


@dataclass
class Told:
    """What all senders and readers were told."""

    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """With a time to come back, by status and code."""
    wrong: Counter[str] = field(default_factory=Counter)
    """All else: without a time, another 5xx, or no answer."""
    times: list[int] = field(default_factory=list)
    """The times to come back, in seconds."""
    milliseconds: list[float] = field(default_factory=list)
    """How long ``videos`` took, each time."""

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.milliseconds, n=20)[18]


@dataclass
class User:
    http: httpx.AsyncClient
    headers: dict[str, str]

    @classmethod
    async def registered(cls, http: httpx.AsyncClient, name: str) -> "User":
        said = {"email": f"{name}@example.com", "password": PASSWORD}
        (await http.post("/auth/register", json={"name": name, **said})).raise_for_status()
        answer = (await http.post("/auth/login", json=said)).raise_for_status()
        return cls(http, {"Authorization": f"Bearer {answer.json()['access_token']}"})

    async def ask(self, query: str) -> dict[str, dict[str, int]]:
        answer = await self.http.post("/graphql", json={"query": query}, headers=self.headers)
        data: dict[str, dict[str, int]] = answer.raise_for_status().json()["data"]
        return data

    async def send(self, film: bytes, told: Told, *, by_rest: bool) -> None:
        """Upload it once, and keep what was said."""
        try:
            answer = await (self._by_rest(film) if by_rest else self._by_graphql(film))
        except httpx.TransportError as error:
            told.wrong[type(error).__name__] += 1
            return
        said = answer.json()
        if not by_rest and answer.status_code == httpx.codes.OK and "errors" not in said:
            said = said["data"]["uploadVideo"]
            again = said.get("retryAfterSeconds")
        else:
            again = answer.headers.get("Retry-After")
        if "id" in said:
            told.accepted += 1
        elif again is not None and answer.status_code in {200, 429, 503}:
            code = said["code"] if "code" in said else said["errors"][0]["extensions"]["code"]
            told.refused[f"{answer.status_code} {code}"] += 1
            told.times.append(int(again))
        else:
            told.wrong[f"{answer.status_code} {answer.text[:200]}"] += 1

    async def _by_rest(self, film: bytes) -> httpx.Response:
        files = {"file": ("film.mp4", film, "video/mp4")}
        return await self.http.post("/videos/upload", files=files, headers=self.headers)

    async def _by_graphql(self, film: bytes) -> httpx.Response:
        operations = json.dumps({"query": UPLOAD, "variables": {"file": None}})
        form = {"operations": operations, "map": json.dumps({"0": ["variables.file"]})}
        files = {"0": ("film.mp4", film, "video/mp4")}
        return await self.http.post("/graphql", data=form, files=files, headers=self.headers)

    async def look(self, told: Told) -> None:
        """Ask for the own videos about twice a second, for ever, and not when all others do."""
        while True:
            await asyncio.sleep(random.uniform(0, 1))
            began = time.perf_counter()
            answer = await self.http.post("/graphql", json={"query": VIDEOS}, headers=self.headers)
            told.milliseconds.append((time.perf_counter() - began) * 1000)
            if answer.status_code != httpx.codes.OK or "errors" in answer.json():
                told.wrong[f"videos: {answer.status_code} {answer.text[:200]}"] += 1


async def look_meanwhile(readers: list[User], doing: Awaitable[object], told: Told) -> None:
    """Let the readers look while that is done, from a process that has nothing else to do."""
    looking = await asyncio.create_subprocess_exec(sys.executable, __file__, "look", stdin=PIPE, stdout=PIPE)
    assert looking.stdin is not None
    who = {"url": str(readers[0].http.base_url), "headers": [reader.headers for reader in readers]}
    looking.stdin.write(json.dumps(who).encode() + b"\n")
    await doing
    said, _ = await looking.communicate()
    seen = json.loads(said)
    told.milliseconds += seen["milliseconds"]
    told.wrong.update(seen["wrong"])


async def look() -> None:
    """Look as the readers of the first line of stdin until it ends, and print what was seen."""
    who, told = json.loads(await asyncio.to_thread(sys.stdin.readline)), Told()
    async with httpx.AsyncClient(base_url=who["url"], timeout=60, trust_env=False) as http:
        looking = [asyncio.create_task(User(http, headers).look(told)) for headers in who["headers"]]
        await asyncio.to_thread(sys.stdin.read)
        for task in looking:
            task.cancel()
        await asyncio.wait(looking)
    print(json.dumps({"milliseconds": told.milliseconds, "wrong": told.wrong}))


async def all_done(users: list[User], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        for user in users:
            while (await user.ask(UNFINISHED))["videos"]["totalCount"]:  # noqa: ASYNC110 - it can only be asked for
                await asyncio.sleep(0.2)


async def films_a_second(user: User, film: bytes) -> float:
    """Return how many the workers do while nobody else wants anything."""
    await user.send(film, Told(), by_rest=True)
    await all_done([user], 120)  # The workers are there.
    began = time.monotonic()
    for _ in range(PROBES):
        await user.send(film, Told(), by_rest=True)
    await all_done([user], 600)
    return PROBES / (time.monotonic() - began)


async def burst(users: list[User], film: bytes, a_second: float, seconds: float, told: Told) -> None:
    """Send so many a second, evenly, whatever becomes of those before."""
    os.nice(POLITE)  # Nobody else is started from now on.
    began = time.monotonic()
    async with asyncio.TaskGroup() as sending:
        for number, user in zip(range(round(a_second * seconds)), itertools.cycle(users), strict=False):
            await asyncio.sleep(began + number / a_second - time.monotonic())
            sending.create_task(user.send(film, told, by_rest=number % 2 == 0))


async def measure(folder: Path, seconds: float, times: float, database: str) -> bool:
    # A signal to end is heard as Ctrl-C is, so that nothing is left behind.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    film, before, told = await asyncio.to_thread(film_in, folder), Told(), Told()
    settings = {
        "FIAPX_LEASE_SECONDS": "15",
        "FIAPX_HEARTBEAT_SECONDS": "5",
        "FIAPX_MAX_BACKLOG_SECONDS": str(BACKLOG_SECONDS),
        "FIAPX_MAX_BACKLOG_BYTES": str(BACKLOG_FILMS * len(film)),
    }
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=100)
    async with (
        Deployment.running(folder, mariadb=database == "mariadb", settings=settings) as deployment,
        httpx.AsyncClient(base_url=deployment.url, limits=limits, timeout=60, trust_env=False) as http,
    ):
        senders = [await User.registered(http, f"sender{number}") for number in range(SENDERS)]
        readers = [await User.registered(http, f"reader{number}") for number in range(READERS)]
        capacity = await films_a_second(readers[0], film)
        print(f"the workers do {capacity:.2f} films a second of {len(film) / 1024:.0f} KiB;", end=" ")
        print(f"sent are {capacity * times:.1f} a second for {seconds:g} s by {SENDERS} users, {database}", flush=True)
        for of, doing in (
            (before, asyncio.sleep(BEFORE_SECONDS)),
            (told, burst(senders, film, capacity * times, seconds, told)),
        ):
            await look_meanwhile(readers, doing, of)
        await all_done(senders, 60 + 4 * told.accepted / capacity)
        counts = [await user.ask(COUNTS) for user in senders]
    kept, completed = (sum(count[name]["totalCount"] for count in counts) for name in ("all", "completed"))
    return report(before, told, kept, completed)


def report(before: Told, told: Told, kept: int, completed: int) -> bool:
    print(f"accepted {told.accepted}, kept {kept}, completed {completed}")
    print(f"refused with a time: {sum(told.refused.values())}", end="")
    for what, count in sorted(told.refused.items()):
        print(f"; {what} {count}", end="")
    print(f"; to come back in {min(told.times, default=0)} to {max(told.times, default=0)} s")
    print(
        f"all else: {sum(told.wrong.values())}", *(f"{what}: {count}" for what, count in told.wrong.items()), sep="\n  "
    )
    for when, of in (("before", before), ("during the burst", told)):
        print(
            f"videos, {when}: {len(of.milliseconds)} times, p50 {statistics.median(of.milliseconds):.0f} ms,", end=" "
        )
        print(f"p95 {of.p95:.0f} ms, most {max(of.milliseconds):.0f} ms")
    print(f"aim: p95 under {AIM_MS} ms")
    return told.accepted == kept == completed and bool(told.refused) and not told.wrong and told.p95 < AIM_MS


def film_in(folder: Path) -> bytes:
    """Return a film of a minute in 720p, as long as many that are sent."""
    path = folder / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc=s=1280x720:r=25:d=60", "-c:v", "libx264", "-preset", "veryfast",
        "-crf", "35", "-g", "500", "-pix_fmt", "yuv420p", "-movflags", "+faststart", path,
    )  # fmt: skip
    return path.read_bytes()


def main(seconds: float, times: float, database: str) -> int:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="burst-") as name:
        held = asyncio.run(measure(Path(name), seconds, times, database))
    print(f"load {os.getloadavg()[0]:.1f}; repeat: PYTHONPATH=. python bench/burst.py {seconds:g} {times:g} {database}")
    return 0 if held else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["look"]:
        sys.exit(asyncio.run(look()))
    seconds, times, database, *_ = [*sys.argv[1:], *["120", "10", "sqlite"][len(sys.argv) - 1 :]]
    sys.exit(main(float(seconds), float(times), database))
