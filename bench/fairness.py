"""How soon a short video begins where eight ten-minute ones of another user run and wait on two workers.

    PYTHONPATH=. python bench/fairness.py [times] [long films]

Each time the long ones have both workers again before the short one is uploaded; what is told is how long it is from
its acceptance to its claim. The stores are the embedded ones, on this machine's cores too.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import imageio_ffmpeg
import structlog

from app.bootstrap import Service, compose
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.session import SessionId, Viewer
from app.domain.user import Locale
from app.domain.video import ProcessingStatus, VideoId, VideoProcessing
from app.infra.sql.migrate import migrate
from app.usecases.upload_video import IncomingVideo
from bench.worker_scaling import chunks, fleet, stores, typed, until

AIM_SECONDS = 10
WORKERS = 2
MINUTES_OF_WORK = ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, 100), ImageFormat.PNG)
FFMPEG = (imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-v", "error")
ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")


def film_of(seconds: float, path: Path) -> Path:
    source = f"color=gray:s=1280x720:r=5:d={seconds}"
    subprocess.run([*FFMPEG, "-f", "lavfi", "-i", source, *ENCODED, path], check=True)
    return path


class User:
    def __init__(self, service: Service, viewer: Viewer) -> None:
        self.service, self.viewer = service, viewer

    @classmethod
    async def registered(cls, service: Service, name: str) -> "User":
        session = await service.services.do.register_user(
            name, f"{name.lower()}@example.com", "correct horse battery", Locale.EN, "127.0.0.1"
        )
        expires = session.token.expires_at + timedelta(days=1)
        return cls(service, Viewer(session.user.id, SessionId(str(uuid4())), expires))

    async def upload(self, film: Path, options: ExtractionOptions) -> VideoId:
        video = IncomingVideo(film.name, (await asyncio.to_thread(film.stat)).st_size, chunks(film))
        return (await self.service.services.do.upload_video(self.viewer, video, options)).id

    async def row(self, video: VideoId) -> VideoProcessing:
        return await self.service.services.do.videos.show(self.viewer, video)

    async def has_ended(self, video: VideoId) -> bool:
        return (await self.row(video)).status.final

    async def is_under_way(self, video: VideoId) -> bool:
        """Whether a worker has it now and has begun to take frames out of it."""
        lease = await self.service.transactions.read(lambda t: t.videos.lease(video))
        return lease is not None and not lease.released and lease.video.progress.frames_extracted > 0


async def measure(settings: dict[str, str], folder: Path, times: int, many: int) -> list[float]:
    await migrate(settings["FIAPX_DATABASE_URL"])
    long, short = film_of(600, folder / "long.mp4"), film_of(0.4, folder / "short.mp4")
    found: list[float] = []
    async with AsyncExitStack() as exits:
        service = await exits.enter_async_context(compose(typed(settings)))
        ana, bia = await User.registered(service, "Ana"), await User.registered(service, "Bia")
        videos = [await ana.upload(long, MINUTES_OF_WORK) for _ in range(many)]
        async with fleet(WORKERS, settings):

            async def all_are_at_work() -> bool:
                return sum([await ana.is_under_way(video) for video in videos]) == WORKERS

            for _ in range(times):
                await until(all_are_at_work, 600)
                video = await bia.upload(short, ExtractionOptions())
                await until(partial(bia.has_ended, video), 600)
                row = await bia.row(video)
                assert row.status is ProcessingStatus.COMPLETED, row.failure
                assert row.started_at is not None
                found.append((row.started_at - row.created_at).total_seconds())
    return found


def main(times: int, many: int) -> int:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fairness-") as name, stores(folder := Path(name)) as settings:
        print(
            f"{many} films of ten minutes, {WORKERS} workers; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
        )
        found = asyncio.run(measure(settings, folder, times, many))
    soon = sum(seconds < AIM_SECONDS for seconds in found)
    print(f"another's short one begins within {AIM_SECONDS} s: {soon} of {times}")
    print(f"seconds from acceptance to claim: median {statistics.median(found):.1f}, most {max(found):.1f}")
    print(f"{time.monotonic() - began:.0f} s in all; repeat: PYTHONPATH=. python bench/fairness.py {times} {many}")
    return 0 if soon == times else 1


if __name__ == "__main__":
    times, many, *_ = [*sys.argv[1:], *["20", "8"][len(sys.argv) - 1 :]]
    sys.exit(main(int(times), int(many)))
