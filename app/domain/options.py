"""Which frames a user wants, and how."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
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

    @property
    def media_type(self) -> str:
        """What a picture is on the web."""
        return f"image/{self.value.lower()}"


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
SHORTEST_PART: Final = 0.001
"""Seconds between start and end, at least: containers tell times no finer."""


@dataclass(frozen=True, slots=True)
class OptionRange:
    """What a number may be; ``high`` is infinite where nothing but the video bounds it."""

    low: float
    high: float = math.inf
    whole: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and value < math.inf  # NaN is refused too


_SIDE: Final = OptionRange(1, 16384, whole=True)
_SECONDS: Final = OptionRange(0)

OPTION_RANGES: Final[Mapping[str, OptionRange]] = MappingProxyType(
    {
        SelectionKind.FRAMES_PER_SECOND: OptionRange(0.001, 240),
        SelectionKind.EVERY_SECONDS: OptionRange(1 / 240, 86_400),
        SelectionKind.EVERY_NTH_FRAME: OptionRange(1, 1_000_000, whole=True),
        SelectionKind.COUNT: OptionRange(1, 100_000, whole=True),
        SelectionKind.SCENE_CHANGE: OptionRange(0, 1),
        "quality": OptionRange(1, 100, whole=True),
        "maxWidth": _SIDE,
        "maxHeight": _SIDE,
        "startSeconds": _SECONDS,
        "endSeconds": _SECONDS,
    }
)
"""What each option that is a number may be, by its field's name in the API; clients are told it before they ask."""


@dataclass(frozen=True, slots=True)
class FrameSelection:
    """One way of choosing frames.

    ``value`` is frames per second, seconds, a number of frames or a share from 0 to 1, as ``kind`` says;
    ``timestamps`` (seconds from the start, rising) stands only with its kind.
    """

    kind: SelectionKind = SelectionKind.FRAMES_PER_SECOND
    value: float = 1.0
    timestamps: tuple[float, ...] = ()

    @property
    def chosen(self) -> float | list[float] | bool:
        """What the field of the API that is named as its kind says."""
        if self.kind is SelectionKind.TIMESTAMPS:
            return list(self.timestamps)
        return True if self.kind is SelectionKind.KEYFRAMES_ONLY else self.value

    def __post_init__(self) -> None:
        field = ("options", "select", self.kind.value)
        if self.kind is SelectionKind.TIMESTAMPS:
            times = self.timestamps
            rising = all(a < b for a, b in pairwise(times))
            if not 1 <= len(times) <= MAX_TIMESTAMPS or not rising or not all(0 <= t < math.inf for t in times):
                raise InvalidInput(
                    f"Give 1 to {MAX_TIMESTAMPS} times in seconds, each later than the last.", field=field
                )
        elif (allowed := OPTION_RANGES.get(self.kind)) is not None:
            if self.value not in allowed:
                raise InvalidInput(f"This must be from {allowed.low:g} to {allowed.high:g}.", field=field)
            if allowed.whole and self.value != int(self.value):
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
        if self.quality not in OPTION_RANGES["quality"]:
            raise InvalidInput("Quality is 1 to 100.", field=("options", "quality"))
        for side, name in ((self.max_width, "maxWidth"), (self.max_height, "maxHeight")):
            if side is not None and side not in _SIDE:
                raise InvalidInput(f"This must be {_SIDE.low:g} to {_SIDE.high:g} pixels.", field=("options", name))
        start = self.start_seconds or 0.0
        if start not in _SECONDS:
            raise InvalidInput("The start is a time in seconds, 0 or later.", field=("options", "startSeconds"))
        if self.end_seconds is not None and not start + SHORTEST_PART <= self.end_seconds < math.inf:
            raise InvalidInput("The end must be later than the start.", field=("options", "endSeconds"))
