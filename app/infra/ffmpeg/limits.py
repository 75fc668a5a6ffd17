"""What one video may cost."""

from dataclasses import dataclass
from typing import Self, final

from app.settings import Settings


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one extraction; reaching one is a failure with its own code, never a silent cut."""

    max_duration_seconds: float
    max_frames: int
    max_pixels: int
    timeout_seconds: float
    """Counted only while waiting for ffmpeg."""
    memory_bytes: int
    """Address space of the child."""
    threads: int = 0
    """Of the decoder; 0 lets ffmpeg choose."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            max_duration_seconds=settings.max_duration_seconds,
            max_frames=settings.max_frames_per_video,
            max_pixels=settings.max_pixels,
            timeout_seconds=settings.extraction_timeout_seconds,
            memory_bytes=settings.extraction_memory_bytes,
            threads=settings.ffmpeg_threads,
        )
