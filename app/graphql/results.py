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
from app.graphql.problems import Problem, problem_of
from app.graphql.staged_uploads import StagedUpload
from app.graphql.videos import VideoProcessing
from app.graphql.ways_out import FramesExport, FramesSelection
from app.usecases.several_videos import Outcome


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


@strawberry.type(description="What came of one of several processings.")
class VideoOutcome:
    """As ``app.usecases.several_videos.Outcome``."""

    id: strawberry.ID = strawberry.field(description="The processing's id, as it was sent.")
    video: VideoProcessing | None = strawberry.field(
        description="As it is now; null where it is deleted, and where nothing was done."
    )
    problem: Problem | None = strawberry.field(description="Why nothing was done; null where it was.")

    @classmethod
    def of(cls, outcome: Outcome) -> "VideoOutcome":
        """Show it; an error that is none of those that are expected is raised, as by the one mutation."""
        problem = None if outcome.refused is None else problem_of(outcome.refused)
        if outcome.refused is not None and problem is None:
            raise outcome.refused
        video = None if outcome.video is None else VideoProcessing.of(outcome.video)
        return cls(id=strawberry.ID(outcome.id), video=video, problem=problem)


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
