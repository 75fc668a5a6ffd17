"""What an upload is before and after its file is stored."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.user import UserId
from app.domain.video import VideoId, VideoProcessing


@dataclass(frozen=True, slots=True)
class UploadReservation:
    """An upload under way: it holds a place in the owner's quota and names the object that may appear."""

    id: VideoId
    owner: UserId
    source_key: str
    idempotency_key: str | None
    declared_bytes: int | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AcceptedUpload:
    """What an idempotency key was used for: the processing, and the digest of the request that made it."""

    video: VideoProcessing
    request_digest: str
