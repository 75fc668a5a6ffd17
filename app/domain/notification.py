"""Word for the user of what became of a video."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.failure import Failure
from app.domain.user import Locale, UserId
from app.domain.video import VideoId


class NotificationChannel(StrEnum):
    """By which way the user is told."""

    EMAIL = "EMAIL"


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    PENDING = "PENDING"  # To be tried, or tried again.
    DELIVERED = "DELIVERED"  # The receiver took it. Final.
    FAILED = "FAILED"  # Given up. Final.


@dataclass(frozen=True, slots=True)
class Notification:
    """One message on one channel; ``id`` stays the same over all tries, so that a receiver can tell a repeat."""

    id: str
    user: UserId
    video: VideoId | None
    channel: NotificationChannel
    event: str
    file_name: str
    failure: Failure | None
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail to be sent: ``id`` becomes its Message-ID, so that a repeat can be told from a second mail."""

    id: str
    to: str
    to_name: str
    locale: Locale
    template: str
    values: dict[str, str]
