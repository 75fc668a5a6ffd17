"""What all tests of the extractor do with it: take the pictures of a film, or hear why there are none."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from app.decoding_settings import DecodingSettings
from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.frame import Frame
from app.domain.manifest import Reading
from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.storyboard import Storyboard
from app.domain.video import MediaInfo
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from tests.films import numbers_of


def limited(**changes: Any) -> Limits:
    """Return the limits as they are shipped, but for these; no test waits longer than two minutes for ffmpeg."""
    settings = DecodingSettings.model_validate({"extraction_timeout_seconds": 120, **changes})
    return Limits(settings, settings.extraction_memory_bytes)


LIMITS: Final = limited()
EXTRACTOR: Final = FfmpegFrameExtractor(LIMITS)

EVERY_PICTURE: Final = FrameSelection(SelectionKind.EVERY_NTH_FRAME, 1)
KEY_PICTURES: Final = FrameSelection(SelectionKind.KEYFRAMES_ONLY)


def a_second(rate: float) -> FrameSelection:
    return FrameSelection(SelectionKind.FRAMES_PER_SECOND, rate)


def every(seconds: float) -> FrameSelection:
    return FrameSelection(SelectionKind.EVERY_SECONDS, seconds)


def every_nth(number: int) -> FrameSelection:
    return FrameSelection(SelectionKind.EVERY_NTH_FRAME, number)


def so_many(count: int) -> FrameSelection:
    return FrameSelection(SelectionKind.COUNT, count)


def at(*seconds: float) -> FrameSelection:
    return FrameSelection(SelectionKind.TIMESTAMPS, timestamps=seconds)


@dataclass(frozen=True)
class Taken:
    """All that came of one extraction."""

    media: MediaInfo
    reading: Reading
    frames: list[Frame]
    storyboard: Storyboard | None
    sheets: list[bytes]
    format: ImageFormat

    @property
    def numbers(self) -> list[int]:
        """What the pictures themselves say, as often as each has a file."""
        said = numbers_of(self.frames, self.format)
        return [number for number, frame in zip(said, self.frames, strict=True) for _ in frame.instants]

    @property
    def times(self) -> list[float]:
        """When each picture comes on the screen, in milliseconds' accuracy."""
        return [round(frame.time_seconds, 3) for frame in self.frames]

    @property
    def instants(self) -> list[float]:
        """The asked times, one for each file."""
        return [round(instant, 3) for frame in self.frames for instant in frame.instants]


async def take(
    source: Path, options: ExtractionOptions | FrameSelection | None = None, extractor: FfmpegFrameExtractor = EXTRACTOR
) -> Taken:
    """Take the pictures; PNG where only a selection is given."""
    if isinstance(options, FrameSelection):
        options = ExtractionOptions(options, ImageFormat.PNG)
    options = options or ExtractionOptions()
    async with extractor.open(source, options) as (media, extraction):
        frames: list[Frame] = []
        sheets: list[bytes] = []
        async for frame in extraction:
            frames.append(frame)
            sheets += extraction.finished_sheets()
        sheets += extraction.finished_sheets()
        return Taken(media, extraction.reading, frames, extraction.storyboard, sheets, options.format)


async def refusal_of(
    source: Path, options: ExtractionOptions | FrameSelection | None = None, extractor: FfmpegFrameExtractor = EXTRACTOR
) -> tuple[FailureCode, str]:
    """Tell why no pictures can be had: the code, and the sentence for the user."""
    with pytest.raises(ProcessingError) as caught:
        await take(source, options, extractor)
    return caught.value.failure, caught.value.message


async def failure_of(
    source: Path, options: ExtractionOptions | FrameSelection | None = None, extractor: FfmpegFrameExtractor = EXTRACTOR
) -> FailureCode:
    return (await refusal_of(source, options, extractor))[0]
