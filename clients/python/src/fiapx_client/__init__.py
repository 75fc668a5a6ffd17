"""A client of FIAP X: uploads past every break, live status, downloads that are checked; blocking and asynchronous."""

from fiapx_client.blocking import FiapX, Upload
from fiapx_client.client import AsyncFiapX
from fiapx_client.inputs import (
    Aspect,
    BatchStatus,
    Crop,
    ExtractionOptions,
    FrameSelection,
    ImageFormat,
    ImportStatus,
    ProcessingStatus,
    Scope,
)
from fiapx_client.refused import Refused, Stopped
from fiapx_client.session import Session, SessionStore
from fiapx_client.shapes import (
    Batch,
    Failure,
    Frame,
    Frames,
    Key,
    NewKey,
    OnProgress,
    Phase,
    Progress,
    Video,
    VideoImport,
)
from fiapx_client.upload import AsyncUpload

__all__ = [
    "Aspect",
    "AsyncFiapX",
    "AsyncUpload",
    "Batch",
    "BatchStatus",
    "Crop",
    "ExtractionOptions",
    "Failure",
    "FiapX",
    "Frame",
    "FrameSelection",
    "Frames",
    "ImageFormat",
    "ImportStatus",
    "Key",
    "NewKey",
    "OnProgress",
    "Phase",
    "ProcessingStatus",
    "Progress",
    "Refused",
    "Scope",
    "Session",
    "SessionStore",
    "Stopped",
    "Upload",
    "Video",
    "VideoImport",
]
