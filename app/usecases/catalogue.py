"""All that can be done, as the edges and the workers are handed it."""

from dataclasses import dataclass

from app.usecases.authenticate_user import AuthenticateUser
from app.usecases.cancel_video import CancelVideo
from app.usecases.change_password import ChangePassword
from app.usecases.check_upload import CheckUpload
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.delete_account import DeleteAccount
from app.usecases.delete_video import DeleteVideo
from app.usecases.deliver_notifications import DeliverNotifications
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.expire_videos import ExpireVideos
from app.usecases.export_my_data import ExportMyData
from app.usecases.list_user_videos import ListUserVideos, ShowHistories, ShowVideo
from app.usecases.measure_backlog import MeasureBacklog
from app.usecases.notification_log import ListNotifications, RedeliverNotification, SendTestWebhook
from app.usecases.notification_settings import RotateWebhookSecret, UpdateNotificationSettings
from app.usecases.open_session import EndSession, RefreshSession
from app.usecases.profile import ShowViewer, UpdateProfile
from app.usecases.quota import CountStoredBytes
from app.usecases.register_user import RegisterUser
from app.usecases.remove_objects import RemoveObjects
from app.usecases.replace_lost_zips import ReplaceLostZips
from app.usecases.reprocess_video import ReprocessVideo
from app.usecases.reset_password import RequestPasswordReset, ResetPassword
from app.usecases.upload_video import UploadVideo
from app.usecases.verify_email import HasVideosFromBefore, RemoveVideosFromBefore, ResendVerification, VerifyEmail
from app.usecases.watch_video_status import WatchVideoStatus


@dataclass(frozen=True, slots=True)
class AccountUseCases:
    """One callable for each thing a user wants done with their account."""

    register_user: RegisterUser
    authenticate_user: AuthenticateUser
    refresh_session: RefreshSession
    end_session: EndSession
    change_password: ChangePassword
    request_password_reset: RequestPasswordReset
    reset_password: ResetPassword
    show_viewer: ShowViewer
    update_profile: UpdateProfile
    delete_account: DeleteAccount
    verify_email: VerifyEmail
    resend_verification: ResendVerification


@dataclass(frozen=True, slots=True)
class NotificationUseCases:
    """One callable for each thing a user wants done with what they are told."""

    update_settings: UpdateNotificationSettings
    rotate_webhook_secret: RotateWebhookSecret
    send_test_webhook: SendTestWebhook
    list_notifications: ListNotifications
    redeliver: RedeliverNotification


@dataclass(frozen=True, slots=True)
class UseCases:
    """One callable for each thing a user wants done."""

    accounts: AccountUseCases
    notifications: NotificationUseCases
    export_my_data: ExportMyData
    check_upload: CheckUpload
    upload_video: UploadVideo
    list_user_videos: ListUserVideos
    count_stored_bytes: CountStoredBytes
    show_video: ShowVideo
    show_histories: ShowHistories
    download_processed_zip: DownloadProcessedZip
    cancel_video: CancelVideo
    delete_video: DeleteVideo
    reprocess_video: ReprocessVideo
    watch_video_status: WatchVideoStatus
    has_videos_from_before: HasVideosFromBefore
    remove_videos_from_before: RemoveVideosFromBefore


@dataclass(frozen=True, slots=True)
class ControlUseCases:
    """One callable for each step that the service takes by itself, beside videos."""

    deliver_notifications: DeliverNotifications
    remove_objects: RemoveObjects
    collect_garbage: CollectGarbage
    expire_videos: ExpireVideos
    replace_lost_zips: ReplaceLostZips
    measure_backlog: MeasureBacklog
