"""What the ZIP says of itself: the names of its pictures and its last entry, ``manifest.json``."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.options import ExtractionOptions, ImageFormat, SelectionKind
from app.domain.video import MediaInfo, VideoProcessing


@dataclass(frozen=True, slots=True)
class FrameEntry:
    """One picture of the ZIP: its name, its presentation time in the source in seconds, its size in bytes."""

    file: str
    time_seconds: float
    size_bytes: int


def frame_file_name(index: int, time_seconds: float, image_format: ImageFormat) -> str:
    """Name a picture by its place, from 1, and the time of its frame: ``frame_000012_00-00-11.000.jpg``."""
    milliseconds = max(0, round(time_seconds * 1000))
    seconds, millis = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"frame_{index:06d}_{hours:02d}-{minute:02d}-{second:02d}.{millis:03d}.{image_format.extension}"


def manifest(video: VideoProcessing, media: MediaInfo, frames: Sequence[FrameEntry]) -> dict[str, object]:
    """Describe the ZIP for programs: times are seconds, sizes bytes, sides pixels."""
    return {
        "version": 1,
        "source": {
            "fileName": video.original_file_name,
            "sizeBytes": video.size_bytes,
            "durationSeconds": media.duration_seconds,
            "width": media.width,
            "height": media.height,
            "codec": media.codec,
            "framesPerSecond": media.frames_per_second,
        },
        "options": _options(video.options),
        "frames": [
            {"file": frame.file, "timeSeconds": round(frame.time_seconds, 6), "sizeBytes": frame.size_bytes}
            for frame in frames
        ],
    }


def _options(options: ExtractionOptions) -> dict[str, object]:
    chosen: object = options.select.value
    if options.select.kind is SelectionKind.TIMESTAMPS:
        chosen = list(options.select.timestamps)
    elif options.select.kind is SelectionKind.KEYFRAMES_ONLY:
        chosen = True
    return {
        "select": {options.select.kind.value: chosen},
        "format": options.format.value,
        "quality": None if options.format is ImageFormat.PNG else options.quality,
        "maxWidth": options.max_width,
        "maxHeight": options.max_height,
        "startSeconds": options.start_seconds,
        "endSeconds": options.end_seconds,
    }
