"""How soon a video goes on whose worker was killed, whether a frozen one can still publish, and who wins a race.

    PYTHONPATH=. python bench/recovery.py [times] [rounds]

So many workers are killed (SIGKILL) and so many are frozen (SIGSTOP) in the middle of a video, at random moments, with
the leases that are shipped; then in each round fifty workers claim one video at the same time, on SQLite and, where it
is installed, on MariaDB. The stores are the embedded ones, on this machine's cores too.
"""

import asyncio
import os
import random
import secrets
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from app.bootstrap import compose
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import ProcessingStatus, VideoId, archive_key
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.settings import Settings
from app.usecases.mark_processing_failed import MarkProcessingFailed
from app.usecases.start_video_processing_job import Claimed, StartVideoProcessingJob
from bench.fairness import User, film_of
from bench.worker_scaling import ROOT, environment, running, until
from devserver.certificate import Certificate
from devserver.ports import free_pair
from devserver.seaweed import Seaweed, SeaweedPorts
from devserver.valkey import Valkey
from tests.contracts.story import LEASE_SECONDS, Story
from tests.fakes.clock import SettableClock
from tests.fakes.live_status import InMemoryLiveStatus
from tests.fakes.queue import RememberingQueue
from tests.parts.mariadb import MariaDbPart

AIM_SECONDS = 20
RACERS = 50
SECONDS_OF_WORK = ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, 20), ImageFormat.PNG)
FILM_SECONDS = 30


class Fleet:
    """Workers that a trial may kill or freeze; each has one video at a time."""

    def __init__(self, settings: dict[str, str]) -> None:
        self._settings = settings
        self._workers: list[asyncio.subprocess.Process] = []

    async def fill(self) -> None:
        """Let there be two."""
        self._workers = [worker for worker in self._workers if worker.returncode is None]
        while len(self._workers) < 2:
            command = [sys.executable, "-m", "app.cli", "worker", "--only", "videos"]
            worker = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=os.environ | self._settings)
            self._workers.append(worker)

    async def at_work(self) -> asyncio.subprocess.Process:
        """Return the worker that has a decoder."""
        (busy,) = [worker for worker in self._workers if _children(worker.pid)]
        return busy

    async def end(self) -> None:
        for worker in self._workers:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()


def _children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


class Trials:
    """One deployment, on which one trial follows the other."""

    def __init__(self, user: User, fleet: Fleet, film: Path, seed: int) -> None:
        self.user, self.fleet, self.film, self.random = user, fleet, film, random.Random(seed)

    async def interrupted(self, how: signal.Signals) -> tuple[float, VideoId]:
        """Strike the worker that has the video; return how long it then took until another had begun."""
        await self.fleet.fill()
        video = await self.user.upload(self.film, SECONDS_OF_WORK)
        await until(partial(self.user.is_under_way, video), 60)
        await asyncio.sleep(self.random.uniform(0, 1.5))
        worker = await self.fleet.at_work()
        worker.send_signal(how)
        struck = time.monotonic()
        try:
            await until(partial(self._has_begun_again, video), 60)
            seconds = time.monotonic() - struck
        finally:
            worker.send_signal(signal.SIGCONT)
        if how is signal.SIGKILL:
            await worker.wait()
        await until(partial(self.user.has_ended, video), 120)
        return seconds, video

    async def _has_begun_again(self, video: VideoId) -> bool:
        return (await self.user.row(video)).attempt == 2

    async def is_of_the_second_alone(self, video: VideoId) -> bool:
        """Whether the second attempt published, once, and the first nothing."""
        row = await self.user.row(video)
        (history,) = await self.user.service.services.do.videos.histories([video])
        ends = [change.attempt for change in history if change.status.final]
        return (
            row.status is ProcessingStatus.COMPLETED
            and ends == [2]
            and row.archive is not None
            and row.archive.key == archive_key(video, 2)
        )


async def interruptions(folder: Path, how: signal.Signals, times: int) -> tuple[list[float], int]:
    """Return the seconds until the next attempt began, and how many ended by that one alone."""
    async with AsyncExitStack() as exits:
        redis, s3 = exits.enter_context(_stores(folder))
        settings = environment(folder, redis, s3)
        del settings["FIAPX_SWEEP_SECONDS"]  # All is as it is shipped.
        typed = Settings(**{name.removeprefix("FIAPX_").lower(): value for name, value in settings.items()})  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
        service = await exits.enter_async_context(compose(typed))
        fleet = Fleet(settings)
        exits.push_async_callback(fleet.end)
        film = await asyncio.to_thread(film_of, FILM_SECONDS, folder / "film.mp4")
        trials = Trials(await User.registered(service, "Ana"), fleet, film, seed=how)
        found = [await trials.interrupted(how) for _ in range(times)]
        alone = sum([await trials.is_of_the_second_alone(video) for _, video in found])
        return [seconds for seconds, _ in found], alone


@contextmanager
def _stores(folder: Path) -> Iterator[tuple[Valkey, Seaweed]]:
    ports: list[int] = []
    for _ in range(6):
        ports.append(free_pair(ports))
    redis = Valkey(folder / "valkey", ports.pop(), secrets.token_hex(16))
    certificate = Certificate.made_in(folder / "certificate")
    s3 = Seaweed(folder / "s3", SeaweedPorts(*ports), "bench", secrets.token_hex(20), "readiness", certificate)
    with ExitStack() as exits:
        for server in (redis, s3):
            exits.enter_context(running(server.program(), folder / f"{server.program().name}.log"))
        yield redis, s3


def _database(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/fiapx.db"


async def races(url: str, rounds: int) -> int:
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
    for _ in range(rounds):
        video = await story.video(owner)
        answers = await asyncio.gather(*(claim(video) for claim in workers))
        fair += sum(isinstance(answer, Claimed) for answer in answers) == 1 and (await story.row(video)).attempt == 1
    await engine.dispose()
    return fair


async def measure(folder: Path, times: int, rounds: int) -> bool:
    began = time.monotonic()
    for name in ("killed", "frozen", "races"):  # One after the other: Alembic's context is the process's.
        await asyncio.to_thread((folder / name).mkdir)
        await migrate(_database(folder / name))
    killed, frozen = await asyncio.gather(
        interruptions(folder / "killed", signal.SIGKILL, times), interruptions(folder / "frozen", signal.SIGSTOP, times)
    )
    for how, (seconds, alone) in (("killed", killed), ("frozen", frozen)):
        soon = sum(second <= AIM_SECONDS for second in seconds)
        print(f"{how}: the next attempt begins within {AIM_SECONDS} s: {soon} of {times}", end="; ")
        print(f"median {statistics.median(seconds):.1f} s, most {max(seconds):.1f} s", end="; ")
        print(f"it alone publishes, the first nothing: {alone} of {times}")
    fair = {"SQLite": await races(_database(folder / "races"), rounds)}
    if shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        with await asyncio.to_thread(MariaDbPart, folder / "mariadb") as server:
            await server.make("races")
            await migrate(server.admin("races"))
            fair["MariaDB"] = await races(server.service("races"), rounds)
    for database, count in fair.items():
        print(f"{RACERS} workers claim one video at once, {database}: one winner in {count} of {rounds} rounds")
    print(f"{time.monotonic() - began:.0f} s in all; repeat: PYTHONPATH=. python bench/recovery.py {times} {rounds}")
    held = all(max(seconds) <= AIM_SECONDS and alone == times for seconds, alone in (killed, frozen))
    return held and set(fair.values()) == {rounds}


def main(times: int, rounds: int) -> int:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="recovery-") as name:
        return 0 if asyncio.run(measure(Path(name), times, rounds)) else 1


if __name__ == "__main__":
    times, rounds, *_ = [*sys.argv[1:], *["50", "500"][len(sys.argv) - 1 :]]
    sys.exit(main(int(times), int(rounds)))
