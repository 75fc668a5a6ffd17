"""Word for the user of what became of a video, of a file, or of their account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.described import Described
from app.domain.failure import Failure
from app.domain.user import Locale, UserId
from app.domain.video import VideoId


class NotificationChannel(Described):
    """By which way a user is told."""

    EMAIL = "EMAIL", "To the account's address."
    WEBHOOK = "WEBHOOK", "To the account's webhook."


class NotificationEvent(StrEnum):
    """What users are told of. A row may name another, of a newer version that runs beside this one."""

    VIDEO_COMPLETED = "video.completed"  # The ZIP can be downloaded.
    VIDEO_FAILED = "video.failed"  # It could not be processed, for a reason.
    UPLOAD_REJECTED = "upload.rejected"  # A file was refused for its format; there is no video.
    IMPORT_FAILED = "import.failed"  # A film could not be fetched from its link; there is no video.
    WEBHOOK_TEST = "webhook.test"  # The user wants to see whether it arrives.
    WEBHOOK_DISABLED = "webhook.disabled"  # The receiver said that it is gone for good.
    PASSWORD_RESET = "account.password_reset"  # noqa: S105 - no secret. The link that was asked for.
    VERIFY_EMAIL = "account.verify_email"  # The link that shows whose address it is.
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105 - no secret. By whoever had the old one, or a link.
    EMAIL_CHANGE = "account.email_change"  # To the new address: the link that makes it the account's.
    EMAIL_CHANGE_REQUESTED = "account.email_change_requested"  # To the present one, that this was asked for.
    EMAIL_CHANGED = "account.email_changed"  # To the former one: a link that takes the account back.
    WEBHOOK_CHANGED = "account.webhook_changed"  # It was set, removed, or given a new key.
    API_KEY_CREATED = "account.api_key_created"  # Somebody who signed in made a key for programs.
    DIGEST = "account.digest"  # How much there is to tell, where there was too much to mail each.


BEFORE_VERIFICATION: Final = frozenset(
    {
        NotificationEvent.VERIFY_EMAIL.value,
        NotificationEvent.PASSWORD_RESET.value,
        NotificationEvent.EMAIL_CHANGE.value,
    }
)
"""All that is ever sent to an address before it was proven to be the account's owner's."""


class DeliveryStatus(Described):
    """How a delivery stands."""

    PENDING = "PENDING", "To be tried, or tried again; for three days."
    DELIVERED = "DELIVERED", "The receiver took it."
    FAILED = "FAILED", "Given up; redeliverNotification begins anew."


@dataclass(frozen=True, slots=True)
class Notification:
    """One message on one channel; ``id`` stays the same over all tries, so that a receiver can tell a repeat.

    ``data`` is what the event says, as docs/webhooks.md describes it: it is kept with the message, since its video may
    be deleted before it is sent.
    """

    id: str
    user: UserId
    video: VideoId | None
    channel: NotificationChannel
    event: str
    file_name: str
    failure: Failure | None
    attempts: int
    created_at: datetime
    data: Mapping[str, object] = field(default_factory=dict)
    status: DeliveryStatus = DeliveryStatus.PENDING
    answer: str | None = None
    """What the receiver said last, or why it could not be reached."""
    delivered_at: datetime | None = None
    tried_since: datetime | None = None
    """When its delivery began anew; None where it never did. After three days of failure it is given up."""
    traceparent: str | None = None
    """In whose trace it was written down (W3C Trace Context); it says so wherever it is sent."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail to be sent: ``id`` becomes its Message-ID, so that a repeat can be told from a second mail."""

    id: str
    to: str
    to_name: str
    locale: Locale
    template: str
    values: dict[str, str]
    verified: bool = True
    """Whether the address is known to be the reader's."""
    traceparent: str | None = None
