"""The API's enums: names for programs, each value with what it means. They mirror the domain's by name."""

from enum import Enum

import strawberry

from app.domain import failure, notification, options, user, video


@strawberry.enum(description="The four states of the brief.")
class ProcessingStatus(Enum):
    """As ``app.domain.video.ProcessingStatus``."""

    PENDING = strawberry.enum_value("Pending", description="Received and stored; waits for a worker.")
    PROCESSING = strawberry.enum_value("Processing", description="A worker holds it; no other may.")
    COMPLETED = strawberry.enum_value("Completed", description="The ZIP can be downloaded. Final.")
    FAILED = strawberry.enum_value("Failed", description="Could not be processed; failure says why. Final.")

    @classmethod
    def of(cls, status: video.ProcessingStatus) -> "ProcessingStatus":
        return cls[status.name]

    def to_domain(self) -> video.ProcessingStatus:
        return video.ProcessingStatus[self.name]


@strawberry.enum(description="Why a processing failed, for programs; Failure.reason says it for people.")
class FailureCode(Enum):
    """As ``app.domain.failure.FailureCode``."""

    UNSUPPORTED_FORMAT = strawberry.enum_value("UNSUPPORTED_FORMAT", description="The format is not supported.")
    NO_VIDEO_STREAM = strawberry.enum_value("NO_VIDEO_STREAM", description="There is only sound or data in it.")
    CORRUPT_VIDEO = strawberry.enum_value("CORRUPT_VIDEO", description="It is damaged or incomplete.")
    TOO_LONG = strawberry.enum_value("TOO_LONG", description="It lasts longer than maxDurationSeconds.")
    TOO_MANY_FRAMES = strawberry.enum_value("TOO_MANY_FRAMES", description="It would give more than maxFramesPerVideo.")
    TOO_LARGE_PICTURE = strawberry.enum_value("TOO_LARGE_PICTURE", description="Its picture has too many pixels.")
    TIMED_OUT = strawberry.enum_value("TIMED_OUT", description="It took longer than the service allows.")
    SOURCE_MISSING = strawberry.enum_value("SOURCE_MISSING", description="The uploaded file is no longer there.")
    NO_FRAMES = strawberry.enum_value("NO_FRAMES", description="No frame could be taken from it.")
    OUTPUT_TOO_LARGE = strawberry.enum_value("OUTPUT_TOO_LARGE", description="Its frames would fill too large a ZIP.")
    OUT_OF_MEMORY = strawberry.enum_value("OUT_OF_MEMORY", description="It needs more memory than allowed.")
    STORAGE_ERROR = strawberry.enum_value("STORAGE_ERROR", description="The storage was away for a long time.")
    CANCELED = strawberry.enum_value("CANCELED", description="Its owner canceled it.")
    WORKER_LOST = strawberry.enum_value("WORKER_LOST", description="Several workers died while they held it.")
    INTERNAL = strawberry.enum_value("INTERNAL", description="Something went wrong on the service's side.")

    @classmethod
    def of(cls, code: failure.FailureCode) -> "FailureCode":
        return cls[code.name]


@strawberry.enum(description="The format of the pictures in the ZIP.")
class ImageFormat(Enum):
    """As ``app.domain.options.ImageFormat``."""

    JPEG = strawberry.enum_value("JPEG", description="Small, with a quality to choose.")
    PNG = strawberry.enum_value("PNG", description="Exactly what was decoded, and large.")
    WEBP = strawberry.enum_value("WEBP", description="Smaller than JPEG, and slower to make.")

    @classmethod
    def of(cls, image_format: options.ImageFormat) -> "ImageFormat":
        return cls[image_format.name]

    def to_domain(self) -> options.ImageFormat:
        return options.ImageFormat[self.name]


@strawberry.enum(description="The languages of mails and pages.")
class Locale(Enum):
    """As ``app.domain.user.Locale``."""

    PT_BR = strawberry.enum_value("pt-BR", description="Brazilian Portuguese.")
    EN = strawberry.enum_value("en", description="English.")

    @classmethod
    def of(cls, locale: user.Locale) -> "Locale":
        return cls[locale.name]

    def to_domain(self) -> user.Locale:
        return user.Locale[self.name]


@strawberry.enum(description="By which way a user is told.")
class NotificationChannel(Enum):
    """As ``app.domain.notification.NotificationChannel``."""

    EMAIL = strawberry.enum_value("EMAIL", description="To the account's address.")
    WEBHOOK = strawberry.enum_value("WEBHOOK", description="To the account's webhook.")

    @classmethod
    def of(cls, channel: notification.NotificationChannel) -> "NotificationChannel":
        return cls[channel.name]


@strawberry.enum(description="How a delivery stands.")
class DeliveryStatus(Enum):
    """As ``app.domain.notification.DeliveryStatus``."""

    PENDING = strawberry.enum_value("PENDING", description="To be tried, or tried again; for three days.")
    DELIVERED = strawberry.enum_value("DELIVERED", description="The receiver took it.")
    FAILED = strawberry.enum_value("FAILED", description="Given up; redeliverNotification begins anew.")

    @classmethod
    def of(cls, status: notification.DeliveryStatus) -> "DeliveryStatus":
        return cls[status.name]
