"""How soon a video goes on whose worker was killed, what becomes of a frozen worker's late write, and who wins a race.

    PYTHONPATH=. python bench/recovery.py [killed] [frozen] [races] [--times N]

Fifty workers are killed (SIGKILL) at work, with the leases that are shipped. Then as many are frozen (SIGSTOP) until
another has taken over and done the work, or is about to, and let go on; their leases are short, so that it takes no
hours. At last fifty workers claim one video at the same time, in 500 rounds, on SQLite and, where it is installed, on
MariaDB. Four videos are in hand at once; the stores are the embedded ones, on this machine's cores too.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from app.bootstrap import compose
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import ProcessingStatus, VideoId, archive_key
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.settings import Settings, VideoSettings
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.start_video_processing_job import Claimed, StartVideoProcessingJob
from bench.fairness import User, film_of
from bench.worker_scaling import until
from tests.contracts.story import LEASE_SECONDS, Story
from tests.fakes.clock import SettableClock
from tests.fakes.live_status import InMemoryLiveStatus
from tests.fakes.queue import RememberingQueue
from tests.faults.campaign.deployment import Deployment
from tests.parts.mariadb import MariaDbPart

AIM_SECONDS = 20
LANES = 4
FLEET = [f"worker-{number}" for number in range(2 * LANES)]
"""One that works and one that stands by for each lane."""
FILM_SECONDS = 60
FROZEN = {"lease_seconds": 4.0, "heartbeat_seconds": 1.0}
"""Other leases than the shipped ones, and still four heartbeats long."""
SHIPPED = {name: VideoSettings.model_fields[name].default for name in FROZEN}
RACERS = 50
MARIADB = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin") is not None
LOST = {
    "stopped, the lease is no longer ours": "at a heartbeat",
    "the end came too late, the lease is no longer ours": "at its end",
}
"""What a worker logs whose write was refused, and which write that was."""
T = TypeVar("T")


def pictures(a_second: float) -> ExtractionOptions:
    return ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, a_second), ImageFormat.PNG)


@dataclass
class Trials:
    """One deployment, on which many videos meet the same fault."""

    deployment: Deployment
    film: Path
    lease: dict[str, float]
    random: random.Random

    async def killed(self, user: User) -> float | None:
        """Kill the worker that has the video; return how long it then was until the next attempt began."""
        struck = await self._at_work(user, pictures(25))
        await asyncio.sleep(self.random.uniform(0, self.lease["heartbeat_seconds"]))
        self.deployment.signal(struck.worker, signal.SIGKILL)
        began = time.monotonic()
        await until(struck.is_over, 120)
        seconds = time.monotonic() - began
        if not await struck.next_has_begun():
            return None
        await user.service.services.do.videos.cancel(user.viewer, struck.video)  # The cores are for the others.
        return seconds

    async def frozen(self, user: User) -> str | None:
        """Freeze the worker that has the video until another has it; return which late write of its was refused."""
        struck = await self._at_work(user, pictures(8))
        await asyncio.sleep(self.random.uniform(0, 2))
        self.deployment.signal(struck.worker, signal.SIGSTOP)
        try:
            await until(struck.is_over, 120)
            if not await struck.next_has_begun():
                return None
            await asyncio.sleep(self.random.uniform(0, 2))
        finally:
            self.deployment.signal(struck.worker, signal.SIGCONT)
        await until(partial(user.has_ended, struck.video), 180)
        said: list[str] = []

        async def has_said() -> bool:
            said.extend(LOST[event] for _, event in self._said_of(struck.video, struck.attempt) if event in LOST)
            return bool(said)

        await until(has_said, 60)
        return said[0] if await struck.has_written_nothing() else "not at all"

    async def _at_work(self, user: User, options: ExtractionOptions) -> "Attempt":
        """Upload a video, and wait until a worker takes frames out of it."""
        video = await user.upload(self.film, options)
        await until(partial(user.is_under_way, video), 120)
        attempt = (await user.row(video)).attempt
        (worker,) = {name for name, event in self._said_of(video, attempt) if event == "attempt started"}
        return Attempt(user, video, attempt, worker)

    def _said_of(self, video: VideoId, attempt: int) -> Iterator[tuple[str, str]]:
        """Yield what workers have logged of an attempt, each event with its worker."""
        for name in FLEET:
            for text in (self.deployment.folder / f"{name}.log").read_text().split("\n")[:-1]:
                if video in text and (line := json.loads(text)).get("attempt") == attempt:
                    yield name, line["event"]


@dataclass
class Attempt:
    """What is struck: an attempt at a video, in the worker that makes it."""

    user: User
    video: VideoId
    attempt: int
    worker: str

    async def next_has_begun(self) -> bool:
        return (await self.user.row(self.video)).attempt > self.attempt

    async def is_over(self) -> bool:
        """Whether the next one has begun; or the video had ended before this one was struck."""
        return await self.next_has_begun() or await self.user.has_ended(self.video)

    async def has_written_nothing(self) -> bool:
        """Whether the video was completed once, by a later attempt, whose ZIP it names."""
        row = await self.user.row(self.video)
        (history,) = await self.user.service.services.do.videos.histories([self.video])
        ends = [change.attempt for change in history if change.status.final]
        named = row.archive is not None and row.archive.key == archive_key(self.video, row.attempt)
        return (
            row.status is ProcessingStatus.COMPLETED and ends == [row.attempt] and row.attempt > self.attempt and named
        )


@asynccontextmanager
async def trials(folder: Path, lease: dict[str, float], *, mariadb: bool) -> AsyncIterator[tuple[Trials, list[User]]]:
    await asyncio.to_thread(folder.mkdir)
    film = await asyncio.to_thread(film_of, FILM_SECONDS, folder / "film.mp4")
    settings = {f"FIAPX_{name.upper()}": str(seconds) for name, seconds in lease.items()}
    async with Deployment.running(folder, mariadb=mariadb, workers=FLEET, settings=settings) as deployment:
        ours = {name.removeprefix("FIAPX_").lower(): value for name, value in deployment.environment.items()}
        async with compose(Settings(**ours)) as service:  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
            users = [await User.registered(service, f"User{number}") for number in range(LANES)]
            yield Trials(deployment, film, lease, random.Random(1)), users


async def many(times: int, users: list[User], trial: Callable[[User], Awaitable[T | None]]) -> list[T]:
    """Return what so many trials found, each user's one after the other; one that came too late is made again."""
    found: list[T] = []
    begun = 0

    async def lane(user: User) -> None:
        nonlocal begun
        while begun < times:
            begun += 1
            if (told := await trial(user)) is None:
                begun -= 1
            else:
                found.append(told)

    async with asyncio.TaskGroup() as lanes:
        for user in users:
            lanes.create_task(lane(user))
    return found


async def killed(folder: Path, times: int) -> bool:
    async with trials(folder, SHIPPED, mariadb=False) as (at, users):
        seconds = await many(times, users, at.killed)
    soon = sum(second <= AIM_SECONDS for second in seconds)
    print(f"killed, leases of {SHIPPED['lease_seconds']:g} s: the next attempt begins within {AIM_SECONDS} s", end=" ")
    print(f"in {soon} of {times}; median {statistics.median(seconds):.1f} s, most {max(seconds):.1f} s", flush=True)
    return soon == times


async def frozen(folder: Path, times: int) -> bool:
    # Whoever is frozen within a transaction holds SQLite's only lock until it goes on; MariaDB rolls back.
    async with trials(folder, FROZEN, mariadb=MARIADB) as (at, users):
        refused = Counter(await many(times, users, at.frozen))
    count = sum(refused[how] for how in LOST.values())
    each = ", ".join(f"{refused[how]} {how}" for how in LOST.values())
    print(f"frozen, leases of {FROZEN['lease_seconds']:g} s: the late write is refused", end=" ")
    print(f"in {count} of {times}: {each}", flush=True)
    return count == times


async def races(folder: Path, rounds: int) -> bool:
    await asyncio.to_thread(folder.mkdir)
    sqlite = f"sqlite+aiosqlite:///{folder}/fiapx.db"
    await migrate(sqlite)
    fair = {"SQLite": await raced(sqlite, rounds)}
    if MARIADB:
        with await asyncio.to_thread(MariaDbPart, folder) as server:
            await server.make("races")
            await migrate(server.admin("races"))
            fair["MariaDB"] = await raced(server.service("races"), rounds)
    for database, won in fair.items():
        print(f"{RACERS} workers claim one video at once, {database}: one winner in {won} of {rounds} rounds")
    return set(fair.values()) == {rounds}


async def raced(url: str, rounds: int) -> int:
    """Return how many rounds had one winner of fifty workers that claim the same video at once."""
    engine = engine_for(url)
    story, live, clock = Story(engine), InMemoryLiveStatus(), SettableClock()
    mark_failed = MarkProcessingFailed(story.transactions, RememberingQueue(), live, clock)
    lease, owner = timedelta(seconds=LEASE_SECONDS), await story.user()
    workers = [
        StartVideoProcessingJob(story.transactions, mark_failed, live, clock, lease, f"worker {number}", lease / 10)
        for number in range(RACERS)
    ]
    fair = 0
    try:
        for _ in range(rounds):
            video = await story.video(owner)
            answers = await asyncio.gather(*(claim(video) for claim in workers))
            winners = sum(isinstance(answer, Claimed) for answer in answers)
            fair += winners == 1 and (await story.row(video)).attempt == 1
    finally:
        await engine.dispose()
    return fair


PARTS: dict[str, tuple[Callable[[Path, int], Awaitable[bool]], int]] = {
    "killed": (killed, 50),
    "frozen": (frozen, 50),
    "races": (races, 500),
}


async def measure(folder: Path, parts: list[str], times: int) -> bool:
    # A signal to end is heard as Ctrl-C is, so that nothing is left behind.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    held = True
    for name in parts:
        part, as_asked = PARTS[name]
        held &= await part(folder / name, times or as_asked)
        print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="killed|frozen|races", help="all three where none is named")
    parser.add_argument("--times", type=int, default=0, help="50, and 500 races, where it is not said")
    args = parser.parse_args()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="recovery-") as name:
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; logs in {name}", flush=True)
        held = asyncio.run(measure(Path(name), args.parts or list(PARTS), args.times))
    print(f"{time.monotonic() - began:.0f} s in all; repeat: PYTHONPATH=. python {' '.join(sys.argv)}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
