"""What travels between processes about a video or an import: JSON, open to fields that a newer release adds."""

from dataclasses import dataclass, replace
from typing import Final

from pydantic import TypeAdapter

from app.domain.video import VideoId, VideoProcessing
from app.domain.video_import import VideoImport
from app.usecases.ports.live_status import VideoGone


@dataclass(frozen=True, slots=True)
class _Message:
    video: VideoProcessing | None = None
    gone: VideoId | None = None


_JSON: Final = TypeAdapter(_Message)
_IMPORT: Final = TypeAdapter(VideoImport)


def encoded(event: VideoProcessing | VideoGone) -> bytes:
    """Return the JSON of an event; nothing of a snapshot is lost on the way."""
    message = _Message(gone=event.id) if isinstance(event, VideoGone) else _Message(video=event)
    return _JSON.dump_json(message)


def decoded(data: bytes) -> VideoProcessing | VideoGone:
    """Read an event, whatever else is in it.

    :raises ValueError: where it is no event of ours
    """
    message = _JSON.validate_json(data)
    if message.video is not None:
        return message.video
    if message.gone is not None:
        return VideoGone(message.gone)
    raise ValueError("neither a video nor word that one is gone")


def encoded_import(found: VideoImport) -> bytes:
    """Return the JSON of an import, without what its link and the storage must be known by."""
    return _IMPORT.dump_json(replace(found, url=found.shown_url, validator=None, storage_upload_id=None))


def decoded_import(data: bytes) -> VideoImport:
    """Read it.

    :raises ValueError: where it is none
    """
    return _IMPORT.validate_json(data)
