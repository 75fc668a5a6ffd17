"""Short words for what happens to the record."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.failure import Failure, FailureCode
from app.domain.lease import Lease
from app.domain.notification import Notification, NotificationChannel
from app.domain.options import ExtractionOptions
from app.domain.upload_reservation import UploadReservation
from app.domain.user import Locale, User, UserId
from app.domain.video import (
    FramesArchive,
    MediaInfo,
    ProcessingStatus,
    Progress,
    VideoId,
    VideoProcessing,
    archive_key,
    contact_sheet_key,
    new_video_id,
    source_key,
)
from app.infra.sql.tables import video_processings
from app.infra.sql.transactions import SqlTransactions
from app.usecases.ports.transactions import Transaction, Transactions

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE_SECONDS = 15.0
DAMAGED = Failure(FailureCode.CORRUPT_VIDEO, "This video is damaged: vídeo 🎞.")
MEDIA = MediaInfo(12.345678901234, 1920, 1080, "h264", 29.97002997002997)
HALFWAY = Progress(50.5, 6, 12)
WHOLE = Progress(100.0, 12, 12)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


EMAIL = NotificationChannel.EMAIL


@dataclass
class Story:
    """One record, and what people and workers do to it; times are seconds after noon."""

    engine: AsyncEngine
    transactions: Transactions = field(init=False)

    def __post_init__(self) -> None:
        self.transactions = SqlTransactions(self.engine)

    async def user(self, email: str | None = None) -> UserId:
        user = a_user(email)
        await self.transactions.write(lambda t: t.users.add(user))
        return user.id

    async def change_user(self, user: UserId, **to: Any) -> None:
        async def step(t: Transaction) -> None:
            found = await t.users.lock(user)
            assert found is not None
            await t.users.save(replace(found, **to))

        await self.transactions.write(step)

    async def video(
        self, owner: UserId, *, created: float = 0, wake: float = 0, key: str | None = None, **also: Any
    ) -> VideoId:
        video = a_video(owner, created=created, **also)
        await self.transactions.write(
            lambda t: t.videos.add(video, idempotency_key=key, request_digest="a digest", wake_at=after(wake))
        )
        return video.id

    async def kept(self, video: VideoProcessing) -> None:
        await self.transactions.write(
            lambda t: t.videos.add(video, idempotency_key=None, request_digest="", wake_at=after(0))
        )

    async def reservation(self, reservation: UploadReservation) -> None:
        await self.transactions.write(lambda t: t.reservations.add(reservation))

    async def removal(self, key: str, at: float, *, is_prefix: bool = False) -> None:
        await self.transactions.write(lambda t: t.removals.add(key, is_prefix=is_prefix, at=after(at)))

    async def row(self, video: VideoId) -> VideoProcessing:
        found = await self.transactions.read(lambda t: t.videos.get(video))
        assert found is not None
        return found

    async def lease(self, video: VideoId) -> Lease:
        found = await self.transactions.read(lambda t: t.videos.lease(video))
        assert found is not None
        return found

    async def column(self, video: VideoId, name: str) -> Any:
        async with self.engine.connect() as connection:
            wanted = select(video_processings.c[name]).where(video_processings.c.public_id == video)
            return (await connection.execute(wanted)).scalar_one()

    async def claim(self, seen: Lease, at: float = 1, lost: int = 0) -> bool:
        return await self.transactions.write(
            lambda t: t.videos.claim(seen, now=after(at), until=after(at + LEASE_SECONDS), lost_attempts=lost)
        )

    async def claimed(self, video: VideoId, at: float = 1, lost: int = 0) -> int:
        """Claim, and give the attempt's number."""
        seen = await self.lease(video)
        assert await self.claim(seen, at, lost)
        return seen.video.attempt + 1

    async def heartbeat(
        self, video: VideoId, attempt: int, at: float = 2, progress: Progress = HALFWAY, media: MediaInfo | None = MEDIA
    ) -> bool:
        until = after(at + LEASE_SECONDS)
        return await self.transactions.write(
            lambda t: t.videos.heartbeat(video, attempt, until=until, progress=progress, media=media)
        )

    async def complete(self, video: VideoId, attempt: int, at: float = 3) -> bool:
        archive = an_archive(video, attempt)
        return await self.transactions.write(lambda t: t.videos.complete(video, attempt, archive=archive, at=after(at)))

    async def fail(
        self,
        video: VideoId,
        attempt: int,
        status: ProcessingStatus = ProcessingStatus.PROCESSING,
        at: float = 3,
        *,
        expired: bool = False,
    ) -> bool:
        seen = a_video(UserId(""), id=video, attempt=attempt, status=status)
        return await self.transactions.write(
            lambda t: t.videos.fail(seen, failure=DAMAGED, at=after(at), expired=expired)
        )

    async def release(
        self,
        video: VideoId,
        attempt: int,
        wake: float = 2,
        transient_failures: int = 0,
        broken_by: tuple[str, ...] = (),
    ) -> bool:
        return await self.transactions.write(
            lambda t: t.videos.release(
                video, attempt, wake_at=after(wake), transient_failures=transient_failures, broken_by=broken_by
            )
        )

    async def due(self, at: float, limit: int = 500) -> list[tuple[VideoId, int]]:
        found = await self.transactions.read(lambda t: t.videos.due(after(at), limit))
        return [(video.id, video.sweeps) for video in found]

    async def enqueue_notification(self, told: Notification, at: float = 0) -> None:
        await self.transactions.write(lambda t: t.notifications.add(told, wake_at=after(at)))

    async def due_notifications(
        self, at: float, limit: int = 10, channel: NotificationChannel = EMAIL
    ) -> list[Notification]:
        found = await self.transactions.read(lambda t: t.notifications.due(channel, after(at), limit, per_user=9))
        return list(found)

    async def swept(self, delays: dict[VideoId, float], at: float) -> None:
        await self.transactions.write(lambda t: t.videos.swept(delays, after(at)))


def a_user(email: str | None = None) -> User:
    return User(
        id=UserId(str(uuid4())),
        name="Ana Conceição 🎬",
        email=email or f"{uuid4().hex}@example.com",
        password_hash="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        locale=Locale.PT_BR,
        email_on_failure=True,
        email_on_completion=False,
        created_at=after(0.123),
        updated_at=after(0.456),
        email_verified_at=after(0.789),
    )


def a_video(owner: UserId, *, created: float = 0, **also: Any) -> VideoProcessing:
    video = also.pop("id", None) or new_video_id()
    fields: dict[str, Any] = {
        "original_file_name": "férias 🎞.mp4",
        "size_bytes": 50 * 1024**3,
        "status": ProcessingStatus.PENDING,
        "source_key": source_key(video),
        "options": ExtractionOptions(),
        "attempt": 0,
        "version": 1000,
        "created_at": after(created),
    }
    return VideoProcessing(id=video, owner=owner, **(fields | also))


def an_archive(video: VideoId, attempt: int) -> FramesArchive:
    return FramesArchive(archive_key(video, attempt), 100 * 1024**3, "ab" * 32, 12, contact_sheet_key(video, attempt))


def a_reservation(owner: UserId, key: str | None = None, expires: float = 60) -> UploadReservation:
    video = new_video_id()
    return UploadReservation(video, owner, source_key(video), key, 3 * 1024**3, after(expires))


def a_notification(user: UserId, video: VideoId | None, failure: Failure | None = DAMAGED) -> Notification:
    return Notification(
        id=str(uuid4()),
        user=user,
        video=video,
        channel=NotificationChannel.EMAIL,
        event="video.failed",
        file_name="férias 🎞.mp4",
        failure=failure,
        attempts=0,
        created_at=after(0.789),
    )
