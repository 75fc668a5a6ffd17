"""Videos for stories that are not about where they come from."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from app.domain.options import ExtractionOptions
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoProcessing, new_video_id, source_key


def new_owner() -> UserId:
    return UserId(str(uuid4()))


def a_video(owner: UserId, **fields: Any) -> VideoProcessing:
    video = fields.get("id", new_video_id())
    defaults: dict[str, Any] = {
        "id": video,
        "owner": owner,
        "original_file_name": "férias.mp4",
        "size_bytes": 1024,
        "status": ProcessingStatus.PENDING,
        "source_key": source_key(video),
        "options": ExtractionOptions(),
        "attempt": 0,
        "version": 1000,
        "created_at": datetime(2026, 11, 23, 12, tzinfo=UTC),
    }
    return VideoProcessing(**{**defaults, **fields})
