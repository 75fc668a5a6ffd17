"""All that a user can ask for, as the edges are handed it."""

from dataclasses import dataclass

from app.usecases.authenticate_user import AuthenticateUser, ShowViewer
from app.usecases.cancel_video import CancelVideo
from app.usecases.delete_video import DeleteVideo
from app.usecases.download_processed_zip import DownloadProcessedZip
from app.usecases.list_user_videos import CountUserVideos, ListUserVideos, ShowHistories, ShowVideo
from app.usecases.register_user import RegisterUser
from app.usecases.reprocess_video import ReprocessVideo
from app.usecases.upload_video import UploadVideo
from app.usecases.watch_video_status import WatchVideoStatus


@dataclass(frozen=True, slots=True)
class UseCases:
    """One callable for each thing a user wants done."""

    register_user: RegisterUser
    authenticate_user: AuthenticateUser
    show_viewer: ShowViewer
    upload_video: UploadVideo
    list_user_videos: ListUserVideos
    count_user_videos: CountUserVideos
    show_video: ShowVideo
    show_histories: ShowHistories
    download_processed_zip: DownloadProcessedZip
    cancel_video: CancelVideo
    delete_video: DeleteVideo
    reprocess_video: ReprocessVideo
    watch_video_status: WatchVideoStatus
