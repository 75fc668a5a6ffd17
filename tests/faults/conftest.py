"""The service on real stores, with workers as processes of their own that a story may kill."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.bootstrap import Service, compose
from app.domain.options import ExtractionOptions
from app.domain.session import SessionId, Viewer
from app.domain.user import Locale
from app.domain.video import ProcessingStatus, StatusChange, VideoId, VideoProcessing
from app.infra.sql.migrate import migrate
from app.settings import Settings
from app.usecases.upload_video import IncomingVideo
from tests.parts.known_secrets import remember
from tests.parts.stores import S3Part, SmtpSinkPart

ROOT = Path(__file__).parents[2]


async def file_chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk


@dataclass
class Stack:
    """One deployment: the API's use cases in this process, workers outside."""

    environment: dict[str, str]
    log: Path
    service: Service
    viewer: Viewer
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self, **settings: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "worker"],
                cwd=ROOT,
                env=os.environ | self.environment | settings,
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def end_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(20)
        self.workers.clear()

    async def upload(self, path: Path, options: ExtractionOptions | None = None) -> VideoProcessing:
        video = IncomingVideo(path.name, path.stat().st_size, file_chunks(path))
        return await self.service.services.do.upload_video(self.viewer, video, options or ExtractionOptions())

    async def row(self, video: VideoId) -> VideoProcessing:
        return await self.service.services.do.videos.show(self.viewer, video)

    async def until(
        self, video: VideoId, condition: Callable[[VideoProcessing], bool], seconds: float
    ) -> VideoProcessing:
        """Wait until the row is as the story wants it."""
        try:
            async with asyncio.timeout(seconds):
                while not condition(row := await self.row(video)):
                    await asyncio.sleep(0.2)  # Who looks takes processor time from what is looked at.
                return row
        except TimeoutError:
            raise AssertionError(f"{await self.row(video)}\n{self.log.read_text()[-4000:]}") from None

    async def until_final(self, video: VideoId, seconds: float) -> VideoProcessing:
        return await self.until(video, lambda row: row.status.final, seconds)

    async def history(self, video: VideoId) -> list[StatusChange]:
        (history,) = await self.service.services.do.videos.histories([video])
        return list(history)


def running(row: VideoProcessing) -> bool:
    """Whether a worker has begun to take frames out of it."""
    return row.status is ProcessingStatus.PROCESSING and row.progress.frames_extracted > 0


@pytest.fixture
async def database_url(tmp_path: Path) -> str:
    """The address of the record, with its tables."""
    url = f"sqlite+aiosqlite:///{tmp_path}/fiapx.db"
    await migrate(url)
    return url


@pytest.fixture
async def stack(
    redis_url: str,
    database_url: str,
    s3: S3Part,
    bucket: str,
    smtp_sink: SmtpSinkPart,
    tmp_path: Path,
) -> AsyncIterator[Stack]:
    environment = {
        "FIAPX_DATABASE_URL": database_url,
        "FIAPX_REDIS_URL": redis_url,
        "FIAPX_S3_URL": s3.url,
        "FIAPX_S3_BUCKET": bucket,
        "FIAPX_S3_ACCESS_KEY": s3.access_key,
        "FIAPX_S3_SECRET_KEY": s3.secret_key,
        "FIAPX_SMTP_URL": smtp_sink.url,
        "FIAPX_VERIFY_EMAIL": "false",
        "FIAPX_JWT_SECRET": uuid4().hex * 2,
        "FIAPX_LINK_SECRET": uuid4().hex * 2,
        "FIAPX_WORK_DIR": str(tmp_path),
        "FIAPX_HEARTBEAT_SECONDS": "0.5",
        "FIAPX_FFMPEG_THREADS": "1",  # So that work lasts as long on many cores, and leaves the others to other tests.
    }
    remember(environment["FIAPX_JWT_SECRET"], environment["FIAPX_LINK_SECRET"])
    settings = Settings(**{name.removeprefix("FIAPX_").lower(): value for name, value in environment.items()})  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
    async with AsyncExitStack() as exits:
        service = await exits.enter_async_context(compose(settings))
        session = await service.services.do.register_user(
            "Ana", "ana@example.com", "correct horse battery", Locale.EN, "127.0.0.1"
        )
        viewer = Viewer(session.user.id, SessionId(str(uuid4())), session.token.expires_at + timedelta(hours=1))
        stack = Stack(environment, tmp_path / "workers.log", service, viewer)
        yield stack
        stack.end_workers()
