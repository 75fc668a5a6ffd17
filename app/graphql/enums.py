"""The API's enums: the domain's, by the names of their members, each with the domain's description of it."""

import strawberry

from app.domain.batch import BatchStatus
from app.domain.described import Described
from app.domain.failure import FailureCode, ImportFailureCode
from app.domain.frames_export import ExportKind, ExportStatus
from app.domain.notification import DeliveryStatus, NotificationChannel
from app.domain.options import Aspect, ImageFormat
from app.domain.session import Scope
from app.domain.user import Locale, Role
from app.domain.video import ProcessingStatus, VideoOrder
from app.domain.video_import import ImportStatus
from app.graphql.strawberry_insides import enum_values

__all__ = [
    "Aspect",
    "BatchStatus",
    "DeliveryStatus",
    "ExportKind",
    "ExportStatus",
    "FailureCode",
    "ImageFormat",
    "ImportFailureCode",
    "ImportStatus",
    "Locale",
    "NotificationChannel",
    "ProcessingStatus",
    "Role",
    "Scope",
    "VideoOrder",
]


def _shown(kind: type[Described], description: str | None = None) -> None:
    """Let the schema show an enum of the domain, by default with its docstring."""
    strawberry.enum(kind, description=description or kind.__doc__)
    for shown, member in zip(enum_values(kind), kind, strict=True):
        shown.description = member.description


_shown(ProcessingStatus)
_shown(VideoOrder)
_shown(BatchStatus)
_shown(FailureCode, "Why a processing failed, for programs; Failure.reason says it for people.")
_shown(ImportStatus)
_shown(ImportFailureCode, "Why a file could not be fetched, for programs; ImportFailure.reason says it for people.")
_shown(ExportKind)
_shown(ExportStatus)
_shown(ImageFormat)
_shown(Aspect)
_shown(Locale)
_shown(Role)
_shown(Scope)
_shown(NotificationChannel)
_shown(DeliveryStatus)
