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
class Message:
    """What is to be told; ``data`` is what the webhook says of it."""

    event: NotificationEvent
    at: datetime
    data: Mapping[str, Any]
    video: VideoId | None = None
    file_name: str = ""
    failure: Failure | None = None


async def notify_owner(t: Transaction, owner: User, message: Message, *, by_mail: bool) -> None:
    """Owe the owner this by mail, if they want it, and to their webhook, if they have one."""
    if by_mail:
        await enqueue_notification(t, owner, message, NotificationChannel.EMAIL)
    if owner.webhook_url is not None:
        await enqueue_notification(t, owner, message, NotificationChannel.WEBHOOK)


async def enqueue_notification(
    t: Transaction, owner: User, message: Message, channel: NotificationChannel, *, wake_at: datetime | None = None
) -> Notification:
    """Write down one message, to be sent at once or at ``wake_at``.

    The end of a video has the same id however often it is written.
    """
    told = uuid4() if message.video is None else uuid5(NAMESPACE_URL, f"{message.video}/{message.event}/{channel}")
    notification = Notification(
        id=str(told),
        user=owner.id,
        video=message.video,
        channel=channel,
        event=message.event,
        file_name=message.file_name,
        failure=message.failure,
        attempts=0,
        created_at=message.at,
        data=message.data,
    )
    await t.notifications.add(notification, wake_at=wake_at or message.at)
    return notification


def failure_message(video: VideoProcessing, failure: Failure, at: datetime) -> Message:
    """Write down that a video could not be processed."""
    said = {"code": failure.code.value, "reason": failure.reason, "retryable": failure.retryable}
    return Message(
        event=NotificationEvent.VIDEO_FAILED,
        at=at,
        data={**_video(video, ProcessingStatus.FAILED, at), "failure": said},
        video=video.id,
        file_name=video.original_file_name,
        failure=failure,
    )


def completion_message(video: VideoProcessing, archive: FramesArchive, at: datetime) -> Message:
    """Write down that a ZIP can be downloaded."""
    result = {"frameCount": archive.frame_count, "sizeBytes": archive.size_bytes, "sha256": archive.sha256}
    return Message(
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
