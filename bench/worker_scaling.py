"""How much more two worker processes get done than one, each with one thread of ffmpeg, on the same videos.

    PYTHONPATH=. python bench/worker_scaling.py [videos] [runs] [film]

The stores are the embedded ones, on this machine's cores too. The videos are uploaded and the workers started before
the clock is; it runs from when all jobs are put on the queue until the last result is recorded. Runs of one and of two
workers alternate, and the medians are compared. Without a film it takes Big Buck Bunny (720p, H.264) from the samples,
three times in a row.
"""

import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import imageio_ffmpeg
import structlog

from app.bootstrap import Service, compose
from app.domain.options import ExtractionOptions
from app.domain.session import SessionId, Viewer
from app.domain.user import Locale
from app.domain.video import ProcessingStatus, VideoProcessing
from app.infra.redis.queue import VIDEO_QUEUE, ArqJobQueue
from app.infra.redis.scripts import queue_keys
from app.infra.sql.migrate import migrate
from app.settings import Settings
from app.usecases.upload_video import IncomingVideo
from devserver.certificate import Certificate
from devserver.child import Child
from devserver.ports import free_pair
from devserver.program import Program
from devserver.seaweed import Seaweed, SeaweedPorts
from devserver.valkey import Valkey

ROOT = Path(__file__).resolve().parents[1]
AIM = 1.7
FLEET = queue_keys(VIDEO_QUEUE)[4]


@contextmanager
def running(program: Program, log: Path) -> Iterator[None]:
    child = Child(program, log)
    child.start()
    try:
        child.wait_until_it_serves(60)
        yield
    finally:
        child.terminate()
        child.wait_until_it_ends(15)


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, str]]:
    """Start the embedded ones; yield the environment of whoever works on them."""
    ports: list[int] = []
    for _ in range(5):
        ports.append(free_pair(ports))
    redis = Valkey(folder / "valkey", free_pair(ports), secrets.token_hex(16))
    certificate = Certificate.made_in(folder / "certificate")
    s3 = Seaweed(folder / "s3", SeaweedPorts(*ports), "bench", secrets.token_hex(20), "readiness", certificate)
    with ExitStack() as exits:
        for server in (redis, s3):
            exits.enter_context(running(server.program(), folder / f"{server.program().name}.log"))
        yield environment(folder, redis, s3)


def environment(folder: Path, redis: Valkey, s3: Seaweed) -> dict[str, str]:
    return {
        "FIAPX_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/fiapx.db",
        "FIAPX_REDIS_URL": redis.url,
        "FIAPX_S3_URL": s3.url,
        "FIAPX_S3_ACCESS_KEY": s3.access_key,
        "FIAPX_S3_SECRET_KEY": s3.secret_key,
        "FIAPX_SMTP_URL": "smtp://127.0.0.1:25",
        "FIAPX_JWT_SECRET": uuid4().hex,
        "FIAPX_LINK_SECRET": uuid4().hex,
        "FIAPX_WORK_DIR": str(folder),
        "FIAPX_FFMPEG_THREADS": "1",
        "FIAPX_SWEEP_SECONDS": "3600",  # Nothing but this script puts a job on the queue.
        "FIAPX_LOG_LEVEL": "warning",
    }


def typed(settings: dict[str, str]) -> Settings:
    return Settings(**{name.removeprefix("FIAPX_").lower(): value for name, value in settings.items()})  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment


@asynccontextmanager
async def fleet(size: int, settings: dict[str, str]) -> AsyncIterator[None]:
    """Let so many worker processes be there."""
    command = [sys.executable, "-m", "app.cli", "worker", "--only", "videos"]
    workers = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=os.environ | settings) for _ in range(size)]
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            await worker.wait()


async def until(condition, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what another process does can only be polled for
            await asyncio.sleep(0.05)  # Seldom enough to leave the cores to the workers.


async def chunks(film: Path) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(film.read_bytes)


class Bench:
    def __init__(self, service: Service, viewer: Viewer, film: Path, settings: dict[str, str]) -> None:
        self.service, self.viewer, self.film, self.settings = service, viewer, film, settings

    async def upload(self) -> VideoProcessing:
        video = IncomingVideo(self.film.name, self.film.stat().st_size, chunks(self.film))
        return await self.service.services.do.upload_video(self.viewer, video, ExtractionOptions())

    async def seconds(self, workers: int, videos: int) -> float:
        """Give how long so many workers took for so many videos."""
        uploaded = [await self.upload() for _ in range(videos)]
        await self.service.redis.flushall()  # The rows stay, and nobody begins before all are ready.
        async with fleet(workers, self.settings):
            # The fleet's hash has a field for each worker that is ready, and one for the window.
            await until(lambda: self._fleet_has(workers + 1), 60)
            queue, began = ArqJobQueue(self.service.redis), datetime.now(UTC)
            for video in uploaded:
                await queue.process_video(video.id, video.owner)
            await until(self._nothing_left, 1800)
        ended = [await self.service.services.do.videos.show(self.viewer, video.id) for video in uploaded]
        assert {(row.status, row.attempt) for row in ended} == {(ProcessingStatus.COMPLETED, 1)}, ended
        return (max(row.completed_at for row in ended if row.completed_at) - began).total_seconds()

    async def _fleet_has(self, fields: int) -> bool:
        return int(await self.service.redis.hlen(FLEET)) == fields  # type: ignore[misc]  # redis-py types both clients as one

    async def _nothing_left(self) -> bool:
        depth = await self.service.redis.depth(VIDEO_QUEUE)
        return not (depth.admitted or depth.waiting or depth.deferred)


def film_of(folder: Path) -> Path:
    clip, film = ROOT / ".samples" / "bigbuckbunny.mp4", folder / "film.mp4"
    quiet = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-v", "error"]
    subprocess.run([*quiet, "-stream_loop", "2", "-i", clip, "-map", "0:V:0", "-c", "copy", film], check=True)
    return film


def report(workers: int, seconds: list[float], videos: int) -> float:
    median = statistics.median(seconds)
    each = "  ".join(f"{run:.2f}" for run in seconds)
    print(
        f"{workers} worker{'s' * (workers > 1)}: median {median:6.2f} s, {videos / median:5.2f} videos/s; runs {each}"
    )
    return median


async def measure(settings: dict[str, str], film: Path, videos: int, runs: int) -> int:
    await migrate(settings["FIAPX_DATABASE_URL"])
    found: dict[int, list[float]] = {1: [], 2: []}
    async with AsyncExitStack() as exits:
        service = await exits.enter_async_context(compose(typed(settings)))
        session = await service.services.do.register_user(
            "Ana", "ana@example.com", "correct horse battery", Locale.EN, "127.0.0.1"
        )
        viewer = Viewer(session.user.id, SessionId(str(uuid4())), session.token.expires_at + timedelta(days=1))
        bench = Bench(service, viewer, film, settings)
        for number in range(runs):
            for workers in (1, 2) if number % 2 == 0 else (2, 1):
                found[workers].append(await bench.seconds(workers, videos))
    one, two = (report(workers, found[workers], videos) for workers in (1, 2))
    print(f"ratio 1 : {one / two:.2f}; aim 1 : {AIM} on two cores that have nothing else to do")
    return 0 if one / two >= AIM else 1


def main(videos: int, runs: int, film: str) -> int:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="scaling-") as name, stores(folder := Path(name)) as settings:
        what = Path(film).resolve() if film else film_of(folder)
        print(f"{videos} times {what.name}, {what.stat().st_size / 1024**2:.1f} MiB; {os.cpu_count()} cores")
        print(f"load before: {' '.join(f'{load:.1f}' for load in os.getloadavg())}")
        result = asyncio.run(measure(settings, what, videos, runs))
    print(
        f"load after:  {' '.join(f'{load:.1f}' for load in os.getloadavg())}; {time.monotonic() - began:.0f} s in all"
    )
    print(f"repeat: PYTHONPATH=. python bench/worker_scaling.py {' '.join([str(videos), str(runs), *sys.argv[3:4]])}")
    return result


if __name__ == "__main__":
    videos, runs, film, *_ = [*sys.argv[1:], *["12", "5", ""][len(sys.argv) - 1 :]]
    sys.exit(main(int(videos), int(runs), film))
