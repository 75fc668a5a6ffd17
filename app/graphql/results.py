"""What operations answer: the thing, or why not."""

from typing import Annotated

import strawberry

from app.graphql.api_keys import NewApiKey
from app.graphql.batches import Batch
from app.graphql.imports import VideoImport
from app.graphql.notifications import NotificationDelivery, NotificationSettings, WebhookSecret
from app.graphql.operating import Overview
from app.graphql.people import DataExport, EmailVerified, Session, User
from app.graphql.presets import Preset
from app.graphql.problems import Problem
from app.graphql.staged_uploads import StagedUpload
from app.graphql.videos import VideoProcessing
from app.graphql.ways_out import FramesExport, FramesSelection


@strawberry.type(description="Word that something is gone.")
class Deleted:
    """The id of what was deleted."""

    id: strawberry.ID = strawberry.field(description="What it was known by.")


@strawberry.type(description="Word that an operator's deed was done.")
class Done:
    """To what, and to how many."""

    id: strawberry.ID | None = strawberry.field(
        description="What it was done to, or the new processing that came of it; null where that is not one thing."
    )
    count: int = strawberry.field(description="To how many.")


SessionResult = Annotated[
    Session | Problem, strawberry.union("SessionResult", description="A session, or why there is none.")
]
VideoResult = Annotated[
    VideoProcessing | Problem, strawberry.union("VideoResult", description="A processing, or why there is none.")
]
StagedUploadResult = Annotated[
    StagedUpload | Problem,
    strawberry.union("StagedUploadResult", description="An upload in parts, or why there is none."),
]
VideoImportResult = Annotated[
    VideoImport | Problem, strawberry.union("VideoImportResult", description="An import, or why there is none.")
]
UserResult = Annotated[User | Problem, strawberry.union("UserResult", description="An account, or why it is not.")]
EmailVerificationResult = Annotated[
    EmailVerified | Problem,
    strawberry.union("EmailVerificationResult", description="A verified address, or why it is not."),
]
NotificationSettingsResult = Annotated[
    NotificationSettings | WebhookSecret | Problem,
    strawberry.union(
        "NotificationSettingsResult", description="The settings, with the webhook's key where there is a new one."
    ),
]
WebhookSecretResult = Annotated[
    WebhookSecret | Problem, strawberry.union("WebhookSecretResult", description="A new key, or why there is none.")
]
NotificationDeliveryResult = Annotated[
    NotificationDelivery | Problem,
    strawberry.union("NotificationDeliveryResult", description="What is to be delivered, or why it is not."),
]
DataExportResult = Annotated[
    DataExport | Problem, strawberry.union("DataExportResult", description="Where the data is, or why it is not.")
]
NewApiKeyResult = Annotated[
    NewApiKey | Problem, strawberry.union("NewApiKeyResult", description="A new key, or why there is none.")
]
PresetResult = Annotated[
    Preset | Problem, strawberry.union("PresetResult", description="A preset, or why there is none.")
]
BatchResult = Annotated[Batch | Problem, strawberry.union("BatchResult", description="A batch, or why there is none.")]
FramesSelectionResult = Annotated[
    FramesSelection | Problem,
    strawberry.union("FramesSelectionResult", description="Where the chosen pictures are, or why they are not."),
]
FramesExportResult = Annotated[
    FramesExport | Problem, strawberry.union("FramesExportResult", description="An export, or why there is none.")
]
DeletedResult = Annotated[
    Deleted | Problem, strawberry.union("DeletedResult", description="What is gone, or why it is not.")
]
DoneResult = Annotated[Done | Problem, strawberry.union("DoneResult", description="That it was done, or why not.")]
OverviewResult = Annotated[
    Overview | Problem, strawberry.union("OverviewResult", description="How the work stands, or why that is not told.")
]
VideoStatusEvent = Annotated[
    VideoProcessing | Deleted | Problem,
    strawberry.union(
        "VideoStatusEvent",
        description="What videoStatus sends: a processing as it is now, word that one is gone, or why nothing can be "
        "sent (then it ends).",
    ),
]
ImportStatusEvent = Annotated[
    VideoImport | Problem,
    strawberry.union(
        "ImportStatusEvent",
        description="What importStatus sends: an import as it is now, or why nothing can be sent (then it ends).",
    ),
]
