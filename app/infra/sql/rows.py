"""Between the rows of ``video_processings`` and the domain's ``VideoProcessing``, in both directions."""

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.failure import Failure, FailureCode
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.video import VERSION_STEP, FramesArchive, MediaInfo, Progress, VideoProcessing


def source_hash(key: str) -> str:
    """Return the form of an object key that fits into an index."""
    return hashlib.sha256(key.encode()).hexdigest()


async def added_up(connection: AsyncConnection, column: ColumnElement[int], where: ColumnElement[bool]) -> int:
    """Add up a column; MySQL gives a decimal, and nothing for no rows."""
    return int((await connection.execute(select(func.sum(column)).where(where))).scalar_one() or 0)


def video_of(row: RowMapping) -> VideoProcessing:
    """Read a row of ``video_processings`` with its owner's public id as ``owner``."""
    return VideoProcessing(
        id=row["public_id"],
        owner=row["owner"],
        original_file_name=row["original_file_name"],
        size_bytes=row["size_bytes"],
        status=row["status"],
        source_key=row["s3_input_path"],
        options=options_of(row["options"]),
        attempt=row["attempt"],
        version=row["version"] * VERSION_STEP,
        created_at=row["created_at"],
        progress=Progress(row["progress_percent"], row["frames_extracted"], row["frames_expected"]),
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        failure=failure_of(row),
        media=_media_of(row),
        archive=_archive_of(row),
        expired_at=row["expired_at"],
    )


def video_columns(video: VideoProcessing) -> dict[str, Any]:
    """Return what a row says of a video, without its owner; ``version`` begins at one."""
    return {
        "public_id": video.id,
        "original_file_name": video.original_file_name,
        "size_bytes": video.size_bytes,
        "status": video.status,
        "s3_input_path": video.source_key,
        "source_hash": source_hash(video.source_key),
        "options": options_text(video.options),
        "attempt": video.attempt,
        "version": max(1, video.version // VERSION_STEP),
        "created_at": video.created_at,
        "started_at": video.started_at,
        "completed_at": video.completed_at,
        "expired_at": video.expired_at,
        **progress_columns(video.progress),
        **failure_columns(video.failure),
        **(media_columns(video.media) if video.media else {}),
        **(archive_columns(video.archive) if video.archive else {}),
    }


def progress_columns(progress: Progress) -> dict[str, Any]:
    """Return the columns of an attempt's progress."""
    return {
        "progress_percent": progress.percent,
        "frames_extracted": progress.frames_extracted,
        "frames_expected": progress.frames_expected,
    }


def media_columns(media: MediaInfo) -> dict[str, Any]:
    """Return the columns of what was found in the file."""
    return {
        "media_duration_seconds": media.duration_seconds,
        "media_width": media.width,
        "media_height": media.height,
        "media_codec": media.codec,
        "media_frames_per_second": media.frames_per_second,
    }


def archive_columns(archive: FramesArchive) -> dict[str, Any]:
    """Return the columns of the finished ZIP; the brief's ``s3_output_path`` is its key."""
    return {
        "s3_output_path": archive.key,
        "archive_bytes": archive.size_bytes,
        "archive_sha256": archive.sha256,
        "frame_count": archive.frame_count,
        "contact_sheet_path": archive.contact_sheet_key,
    }


def failure_columns(failure: Failure | None) -> dict[str, Any]:
    """Return the columns of a failure, empty where there is none."""
    return {
        "failure_code": failure.code.value if failure else None,
        "failure_reason": failure.reason if failure else None,
    }


def failure_of(row: RowMapping) -> Failure | None:
    """Read what ``failure_columns`` wrote."""
    code = row["failure_code"]
    return None if code is None else Failure(FailureCode(code), row["failure_reason"])


def _media_of(row: RowMapping) -> MediaInfo | None:
    if row["media_codec"] is None:
        return None
    return MediaInfo(
        duration_seconds=row["media_duration_seconds"],
        width=row["media_width"],
        height=row["media_height"],
        codec=row["media_codec"],
        frames_per_second=row["media_frames_per_second"],
    )


def _archive_of(row: RowMapping) -> FramesArchive | None:
    if row["s3_output_path"] is None:
        return None
    return FramesArchive(
        key=row["s3_output_path"],
        size_bytes=row["archive_bytes"],
        sha256=row["archive_sha256"],
        frame_count=row["frame_count"],
        contact_sheet_key=row["contact_sheet_path"],
    )


def options_text(options: ExtractionOptions) -> str:
    """Write the options as JSON."""
    return json.dumps(asdict(options), separators=(",", ":"))


@lru_cache(maxsize=1024)  # A page of videos mostly has one text, and reading it is a third of reading a row.
def options_of(text: str) -> ExtractionOptions:
    """Read what ``options_text`` wrote, in this version or another.

    Keys of a newer version are passed over, and keys that an older one did not know have their defaults, so that two
    versions can run side by side while the service is updated.
    """
    stored = json.loads(text)
    select = stored.get("select", {})
    default = ExtractionOptions()
    return ExtractionOptions(
        select=FrameSelection(
            kind=SelectionKind(select.get("kind", default.select.kind)),
            value=select.get("value", default.select.value),
            timestamps=tuple(select.get("timestamps", ())),
        ),
        format=ImageFormat(stored.get("format", default.format)),
        quality=stored.get("quality", default.quality),
        max_width=stored.get("max_width"),
        max_height=stored.get("max_height"),
        start_seconds=stored.get("start_seconds"),
        end_seconds=stored.get("end_seconds"),
    )
