"""Write down what an owner is to be told, in the transaction of what it tells of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid4, uuid5

from app.domain.failure import Failure, ImportFailure
from app.domain.notification import Notification, NotificationChannel, NotificationEvent
from app.domain.times import iso8601
from app.domain.user import User
from app.domain.video import FramesArchive, ProcessingStatus, VideoId, VideoProcessing
from app.domain.video_import import VideoImport
from app.usecases.ports.clock import Clock
from app.usecases.ports.mailed_links import MailedLink, MailedLinks
from app.usecases.ports.transactions import Transaction

_NAME_MAX: Final = 255


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


async def enqueue_mail(
    t: Transaction,
    owner: User,
    event: NotificationEvent,
    at: datetime,
    *,
    data: Mapping[str, Any] = {},
    wake_at: datetime | None = None,
) -> Notification:
    """Write down a mail about the account, or a digest: no video is told of."""
    message = Message(event=event, at=at, data=data)
    return await enqueue_notification(t, owner, message, NotificationChannel.EMAIL, wake_at=wake_at)


async def enqueue_link(
    t: Transaction, links: MailedLinks, user: User, event: NotificationEvent, clock: Clock, lifetime: timedelta
) -> None:
    """Write down a link and the mail that carries it; a former mail's link stays good, since mails overtake."""
    now = clock.now()
    mail = await enqueue_mail(t, user, event, now)
    await links.add(MailedLink(mail.id, user.id, now + lifetime))


def failure_message(video: VideoProcessing, failure: Failure, at: datetime) -> Message:
    """Write down that a video could not be processed."""
    said = {"code": failure.code.value, "reason": failure.reason, "retryable": failure.retryable}
    ended = _ended(video, NotificationEvent.VIDEO_FAILED, ProcessingStatus.FAILED, at, failure=said)
    return replace(ended, failure=failure)


def completion_message(video: VideoProcessing, archive: FramesArchive, at: datetime) -> Message:
    """Write down that a ZIP can be downloaded."""
    result = {"frameCount": archive.frame_count, "sizeBytes": archive.size_bytes, "sha256": archive.sha256}
    return _ended(video, NotificationEvent.VIDEO_COMPLETED, ProcessingStatus.COMPLETED, at, result=result)


def import_failure_message(failed: VideoImport, failure: ImportFailure, at: datetime) -> Message:
    """Write down that a film could not be fetched; of its link no more than may be shown."""
    data = {
        "importId": failed.id,
        "url": failed.shown_url,
        "originalFileName": failed.file_name,
        "createdAt": iso8601(failed.created_at),
        "failedAt": iso8601(at),
        "failure": {"code": failure.code.value, "reason": failure.reason, "retryable": failure.retryable},
    }
    name = failed.file_name or failed.shown_url[:_NAME_MAX]
    return Message(event=NotificationEvent.IMPORT_FAILED, at=at, data=data, file_name=name)


def _ended(
    video: VideoProcessing, event: NotificationEvent, status: ProcessingStatus, at: datetime, **outcome: Any
) -> Message:
    data = {
        "videoId": video.id,
        "originalFileName": video.original_file_name,
        "status": status.value,
        "createdAt": iso8601(video.created_at),
        "completedAt": iso8601(at),
        **outcome,
    }
    return Message(event=event, at=at, data=data, video=video.id, file_name=video.original_file_name)
