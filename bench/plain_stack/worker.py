"""The worker: a stock ``arq.Worker`` with two jobs, one that makes a ZIP of a video and one that tells of a failure."""

import asyncio
import hashlib
import os
import subprocess
import tempfile
import zipfile
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar, Final

import aiosmtplib
import imageio_ffmpeg
from arq import Retry, func, run_worker
from sqlalchemy import RowMapping, select

from app.domain.events import EventType
from app.domain.failure import FailureCode
from app.domain.video import ProcessingStatus
from app.infra.mail import smtp_connection
from app.infra.sql.tables import users, video_processings
from bench.plain_stack import JOB_TIMEOUT_SECONDS
from bench.plain_stack.stores import BUCKET, REDIS, UNFINISHED, database, move, storage, videos

TRIES: Final = 5
AGAIN_SECONDS: Final = 5
FFMPEG: Final = imageio_ffmpeg.get_ffmpeg_exe()


class DamagedFilm(Exception):
    """What ffmpeg itself says of it."""


async def startup(ctx: dict[str, Any]) -> None:
    ctx["database"], ctx["storage"] = database(), storage()


async def shutdown(ctx: dict[str, Any]) -> None:
    await ctx["database"].dispose()


async def process_video(ctx: dict[str, Any], video: str) -> None:
    try:
        row = await begin(ctx, video)
        if row is None:
            return
        with tempfile.TemporaryDirectory(dir=os.environ["FIAPX_WORK_DIR"]) as name:
            archive = await make_zip(ctx, row, Path(name))
            await complete(ctx, row, archive)
    except DamagedFilm as damaged:
        await fail(ctx, video, FailureCode.CORRUPT_VIDEO, str(damaged))
    except Exception as error:
        if ctx["job_try"] < TRIES:
            raise Retry(defer=AGAIN_SECONDS * ctx["job_try"]) from error
        await fail(ctx, video, FailureCode.INTERNAL, "Something went wrong; try again later.")


async def begin(ctx: dict[str, Any], video: str) -> RowMapping | None:
    """Set Processing; return the row, or None where there is nothing to do any more."""
    async with ctx["database"].begin() as connection:
        if not await move(connection, video, EventType.PROCESSING_STARTED, of=UNFINISHED, started_at=datetime.now(UTC)):
            return None
        found = await connection.execute(select(video_processings).where(videos.public_id == video))
        row: RowMapping = found.mappings().one()
        return row


async def make_zip(ctx: dict[str, Any], row: RowMapping, folder: Path) -> Path:
    """Take one picture a second, and put all of them into a ZIP."""
    source, pictures, archive = folder / "source", folder / "pictures", folder / "pictures.zip"
    pictures.mkdir()
    await asyncio.to_thread(ctx["storage"].download_file, BUCKET, row[videos.source_key], str(source))
    command = [FFMPEG, "-nostdin", "-v", "error", "-xerror", "-threads", "1", "-i", source, "-vf", "fps=1", "-q:v", "2"]
    decoder = await asyncio.create_subprocess_exec(
        *command, pictures / "frame_%06d.jpg", stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    try:
        _, said = await decoder.communicate()
    finally:
        if decoder.returncode is None:
            decoder.kill()
        code = await decoder.wait()
    if code < 0:
        raise ChildProcessError(f"ffmpeg was ended by signal {-code}")
    if code or not any(pictures.iterdir()):
        raise DamagedFilm(said.decode(errors="replace")[-500:] or "It has no pictures.")
    await asyncio.to_thread(zip_of, pictures, archive)
    return archive


def zip_of(pictures: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for picture in sorted(pictures.iterdir()):
            file.write(picture, picture.name)


async def complete(ctx: dict[str, Any], row: RowMapping, archive: Path) -> None:
    """Store the ZIP, then set Completed; where the video was canceled or deleted meanwhile the ZIP goes again."""
    video = row[videos.public_id]
    key, data = f"results/{video}.zip", await asyncio.to_thread(archive.read_bytes)
    await asyncio.to_thread(ctx["storage"].put_object, Bucket=BUCKET, Key=key, Body=data)
    said = {
        "archive_key": key,
        "archive_size_bytes": len(data),
        "archive_sha256": hashlib.sha256(data).hexdigest(),
        "completed_at": datetime.now(UTC),
    }
    running = (ProcessingStatus.PROCESSING,)
    async with ctx["database"].begin() as connection:
        await move(connection, video, EventType.PROCESSING_COMPLETED, of=running, **said)
        status = await connection.scalar(select(videos.status).where(videos.public_id == video))
    if status is not ProcessingStatus.COMPLETED:
        await asyncio.to_thread(ctx["storage"].delete_object, Bucket=BUCKET, Key=key)


async def fail(ctx: dict[str, Any], video: str, code: FailureCode, reason: str) -> None:
    said = {"failure_code": code, "failure_reason": reason, "completed_at": datetime.now(UTC)}
    async with ctx["database"].begin() as connection:
        failed = await move(connection, video, EventType.PROCESSING_FAILED, of=UNFINISHED, **said)
    if failed:
        await ctx["redis"].enqueue_job("tell_of_failure", video, _job_id=f"mail:{video}")


async def tell_of_failure(ctx: dict[str, Any], video: str) -> None:
    try:
        async with ctx["database"].connect() as connection:
            wanted = select(users.c.email, video_processings).join_from(video_processings, users)
            row = (await connection.execute(wanted.where(videos.public_id == video))).mappings().one_or_none()
        if row is None:
            return
        name = row[videos.original_file_name]
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "no-reply@example.com", row[users.c.email], f"{name} failed"
        mail.set_content(f"{name} failed: {row[videos.failure_reason]}")
        await aiosmtplib.send(mail, **smtp_connection(os.environ["FIAPX_SMTP_URL"]))
    except Exception as error:
        raise Retry(defer=AGAIN_SECONDS * ctx["job_try"]) from error


class WorkerSettings:
    functions: ClassVar = [
        func(process_video, timeout=JOB_TIMEOUT_SECONDS),
        func(tell_of_failure, timeout=JOB_TIMEOUT_SECONDS),
    ]
    redis_settings = REDIS
    on_startup = startup
    on_shutdown = shutdown
    max_jobs = 1
    max_tries = TRIES
    keep_result = 0
    """Else a job whose id is the video's could not be enqueued again for an hour."""


if __name__ == "__main__":
    run_worker(WorkerSettings)  # type: ignore[arg-type]  # arq's own documentation has it so.
