"""All that can be done, as the edges and the workers are handed it."""

from dataclasses import dataclass

from app.usecases.account import AccountUseCases
from app.usecases.api_keys import ApiKeyUseCases
from app.usecases.audit import AuditedDeeds
from app.usecases.authenticate_user import AuthenticateUser
from app.usecases.batches import BatchUseCases
from app.usecases.change_email import ChangeEmail
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.deliver_notifications import DeliverNotifications
from app.usecases.download_batch import DownloadBatch
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.email_verification import EmailVerification
from app.usecases.expire_videos import ExpireVideos
from app.usecases.fetch_import import FetchImport
from app.usecases.find_node import FindNode
from app.usecases.frame_tables import FrameTables
from app.usecases.frames import FrameUseCases
from app.usecases.frames_exports import ExportUseCases
from app.usecases.imports import ImportUseCases
from app.usecases.job_operations import JobOperations
from app.usecases.list_user_videos import ListUserVideos
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.notifications import NotificationUseCases
from app.usecases.passwords import PasswordUseCases
from app.usecases.presets import PresetUseCases
from app.usecases.quota import StoredBytes
from app.usecases.register_user import RegisterUser
from app.usecases.remove_objects import RemoveObjects
from app.usecases.replace_lost_zips import ReplaceLostZips
from app.usecases.select_frames import SelectFrames
from app.usecases.sessions import SessionUseCases
from app.usecases.several_videos import SeveralVideos
from app.usecases.staged_uploads import StagedUploadUseCases
from app.usecases.storyboards import StoryboardUseCases
from app.usecases.sweep_due_exports import SweepDueExports
from app.usecases.sweep_due_imports import SweepDueImports
from app.usecases.upload_video import UploadVideo
from app.usecases.user_operations import UserOperations
from app.usecases.videos import VideoUseCases
from app.usecases.watch_video_status import WatchVideoStatus


@dataclass(frozen=True, slots=True)
class OperatorUseCases:
    """All that an operator wants done, and what was done."""

    jobs: JobOperations
    users: UserOperations
    audit: AuditedDeeds


@dataclass(frozen=True, slots=True)
class UseCases:
    """All that a user wants done."""

    register_user: RegisterUser
    authenticate_user: AuthenticateUser
    sessions: SessionUseCases
    api_keys: ApiKeyUseCases
    passwords: PasswordUseCases
    account: AccountUseCases
    email_verification: EmailVerification
    change_email: ChangeEmail
    notifications: NotificationUseCases
    upload_video: UploadVideo
    staged_uploads: StagedUploadUseCases
    imports: ImportUseCases
    presets: PresetUseCases
    batches: BatchUseCases
    download_batch: DownloadBatch
    list_user_videos: ListUserVideos
    download_processed_zip: DownloadProcessedZip
    frames: FrameUseCases
    storyboards: StoryboardUseCases
    frame_tables: FrameTables
    exports: ExportUseCases
    select_frames: SelectFrames
    videos: VideoUseCases
    several_videos: SeveralVideos
    watch_video_status: WatchVideoStatus
    stored_bytes: StoredBytes
    find_node: FindNode
    operate: OperatorUseCases


@dataclass(frozen=True, slots=True)
class ControlUseCases:
    """One callable for each step that the service takes by itself, beside videos."""

    deliver_notifications: DeliverNotifications
    remove_objects: RemoveObjects
    collect_garbage: CollectGarbage
    expire_videos: ExpireVideos
    replace_lost_zips: ReplaceLostZips
    measure_backlog: MeasureBacklog
    fetch_import: FetchImport
    sweep_imports: SweepDueImports
    sweep_exports: SweepDueExports
