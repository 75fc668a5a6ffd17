"""Write down what an owner is to be told, in the transaction of what it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from app.domain.failure import Failure
from app.domain.notification import Notification, NotificationChannel, NotificationEvent
from app.domain.times import iso8601
from app.domain.user import User
from app.domain.video import FramesArchive, ProcessingStatus, VideoId, VideoProcessing
from app.usecases.ports.transactions import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to be told; ``data`` is what the webhook says of it."""

    event: NotificationEvent
    at: datetime
    data: Mapping[str, Any]
    video: VideoId | None = None
    file_name: str = ""
    failure: Failure | None = None


async def tell_owner(t: Transaction, owner: User, news: News, *, by_mail: bool) -> None:
    """Owe the owner this by mail, if they want it, and to their webhook, if they have one."""
    if by_mail:
        await owe(t, owner, news, NotificationChannel.EMAIL)
    if owner.webhook_url is not None:
        await owe(t, owner, news, NotificationChannel.WEBHOOK)


async def owe(
    t: Transaction, owner: User, news: News, channel: NotificationChannel, *, wake_at: datetime | None = None
) -> Notification:
    """Write down one message, to be sent at once or at ``wake_at``.

    The end of a video has the same id however often it is written.
    """
    told = uuid4() if news.video is None else uuid5(NAMESPACE_URL, f"{news.video}/{news.event}/{channel}")
    notification = Notification(
        id=str(told),
        user=owner.id,
        video=news.video,
        channel=channel,
        event=news.event,
        file_name=news.file_name,
        failure=news.failure,
        attempts=0,
        created_at=news.at,
        data=news.data,
    )
    await t.notifications.add(notification, wake_at=wake_at or news.at)
    return notification


def news_of_failure(video: VideoProcessing, failure: Failure, at: datetime) -> News:
    """Say that a video could not be processed."""
    said = {"code": failure.code.value, "reason": failure.reason, "retryable": failure.retryable}
    return News(
        event=NotificationEvent.VIDEO_FAILED,
        at=at,
        data={**_video(video, ProcessingStatus.FAILED, at), "failure": said},
        video=video.id,
        file_name=video.original_file_name,
        failure=failure,
    )


def news_of_completion(video: VideoProcessing, archive: FramesArchive, at: datetime) -> News:
    """Say that a ZIP can be downloaded."""
    result = {"frameCount": archive.frame_count, "sizeBytes": archive.size_bytes, "sha256": archive.sha256}
    return News(
        event=NotificationEvent.VIDEO_COMPLETED,
        at=at,
        data={**_video(video, ProcessingStatus.COMPLETED, at), "result": result},
        video=video.id,
        file_name=video.original_file_name,
    )


def _video(video: VideoProcessing, status: ProcessingStatus, at: datetime) -> dict[str, Any]:
    return {
        "videoId": video.id,
        "originalFileName": video.original_file_name,
        "status": status.value,
        "createdAt": iso8601(video.created_at),
        "completedAt": iso8601(at),
    }
