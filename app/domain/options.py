"""Which frames a user wants, and how."""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from app.domain.described import Described
from app.domain.errors import InvalidInput


class ImageFormat(Described):
    """The format of the pictures in the ZIP."""

    JPEG = "JPEG", "Small, with a quality to choose."
    PNG = "PNG", "Exactly what was decoded, and large."
    WEBP = "WEBP", "Smaller than JPEG, and slower to make."

    @property
    def extension(self) -> str:
        """The ending of a picture's name, without the dot."""
        return {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}[self.value]


class SelectionKind(StrEnum):
    """How frames are chosen; the values are the field names of the API."""

    FRAMES_PER_SECOND = "framesPerSecond"
    EVERY_SECONDS = "everySeconds"
    EVERY_NTH_FRAME = "everyNthFrame"
    COUNT = "count"
    TIMESTAMPS = "timestamps"
    KEYFRAMES_ONLY = "keyframesOnly"
    SCENE_CHANGE = "sceneChange"


MAX_TIMESTAMPS: Final = 500
MAX_SIDE: Final = 16384
SHORTEST_PART: Final = 0.001
"""Seconds between start and end, at least: containers tell times no finer."""

_RANGES: Final[dict[SelectionKind, tuple[float, float]]] = {
    SelectionKind.FRAMES_PER_SECOND: (0.001, 240),
    SelectionKind.EVERY_SECONDS: (1 / 240, 86_400),
    SelectionKind.EVERY_NTH_FRAME: (1, 1_000_000),
    SelectionKind.COUNT: (1, 100_000),
    SelectionKind.SCENE_CHANGE: (0, 1),
}


@dataclass(frozen=True, slots=True)
class FrameSelection:
    """One way of choosing frames.

    ``value`` is frames per second, seconds, a number of frames or a share from 0 to 1, as ``kind`` says;
    ``timestamps`` (seconds from the start, rising) stands only with its kind.
    """

    kind: SelectionKind = SelectionKind.FRAMES_PER_SECOND
    value: float = 1.0
    timestamps: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        field = ("options", "select", self.kind.value)
        if self.kind is SelectionKind.TIMESTAMPS:
            times = self.timestamps
            rising = all(a < b for a, b in pairwise(times))
            if not 1 <= len(times) <= MAX_TIMESTAMPS or not rising or not all(0 <= t < math.inf for t in times):
                raise InvalidInput(
                    f"Give 1 to {MAX_TIMESTAMPS} times in seconds, each later than the last.", field=field
                )
        elif self.kind in _RANGES:
            low, high = _RANGES[self.kind]
            if not low <= self.value <= high:  # NaN is refused too
                raise InvalidInput(f"This must be from {low:g} to {high:g}.", field=field)
            if self.kind in {SelectionKind.COUNT, SelectionKind.EVERY_NTH_FRAME} and self.value != int(self.value):
                raise InvalidInput("This must be a whole number.", field=field)


@dataclass(frozen=True, slots=True)
class ExtractionOptions:
    """The options as they are applied: by default one frame a second, JPEG of quality 90, the whole video.

    ``quality`` is 1 (smallest) to 100 (best) and counts for JPEG and WEBP; ``max_width`` and ``max_height`` are
    pixels, and the picture is scaled down, never up; ``start_seconds`` and ``end_seconds`` bound the part used.
    """

    select: FrameSelection = FrameSelection()
    format: ImageFormat = ImageFormat.JPEG
    quality: int = 90
    max_width: int | None = None
    max_height: int | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:  # noqa: PLR2004 - the API's own bounds
            raise InvalidInput("Quality is 1 to 100.", field=("options", "quality"))
        for side, name in ((self.max_width, "maxWidth"), (self.max_height, "maxHeight")):
            if side is not None and not 1 <= side <= MAX_SIDE:
                raise InvalidInput(f"This must be 1 to {MAX_SIDE} pixels.", field=("options", name))
        start = self.start_seconds or 0.0
        if not 0 <= start < math.inf:
            raise InvalidInput("The start is a time in seconds, 0 or later.", field=("options", "startSeconds"))
        if self.end_seconds is not None and not start + SHORTEST_PART <= self.end_seconds < math.inf:
            raise InvalidInput("The end must be later than the start.", field=("options", "endSeconds"))
