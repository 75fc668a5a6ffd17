"""Which frames a user wants, and how."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

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


class Aspect(Described):
    """What becomes of a picture whose shape is not that of maxWidth and maxHeight."""

    FIT = "FIT", "It is scaled down, never up, until both sides fit; its shape is kept."
    FILL = "FILL", "What is beyond their shape is cut off, as much on both sides; it is scaled down, never up."
    EXACT = "EXACT", "It is scaled, also up, until it fits, and black bars make it exactly that large."


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
SMALLEST_SHARE: Final = 0.001
"""Of a picture's width and height a crop takes so much at least."""
_ROUNDED: Final = 1e-9  # Shares that add up to the whole may be a little more in binary.
_SHARPEST: Final = ("options", "sharpest")
_OF_THE_FIRST_VERSION: Final = frozenset(
    {"select", "format", "quality", "max_width", "max_height", "start_seconds", "end_seconds"}
)


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
        "distinct": OptionRange(0.001, 1),
        "minSceneSeconds": OptionRange(0, 86_400),
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
class Crop:
    """The part of a picture that is taken: shares of its width and its height as it is shown, from its upper left."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        for at, length, side in ((self.left, self.width, "width"), (self.top, self.height, "height")):
            if not (at >= 0 and length >= SMALLEST_SHARE and at + length <= 1 + _ROUNDED):  # NaN is refused too.
                raise InvalidInput(
                    f"This part lies within the picture: shares from 0 to 1, and at least {SMALLEST_SHARE:g} of it.",
                    field=("options", "crop", side),
                )


@dataclass(frozen=True, slots=True)
class ExtractionOptions:
    """The options as they are applied: by default one frame a second, JPEG of quality 90, the whole video.

    ``quality`` is 1 (smallest) to 100 (best) and counts for JPEG and WEBP; ``max_width`` and ``max_height`` are
    pixels, and ``aspect`` says what that means for a picture of another shape, ``crop`` which part of it is taken;
    ``start_seconds`` and ``end_seconds`` bound the part used. ``distinct`` is the share of a picture that must have
    changed since the last one that was kept; ``sharpest`` takes the sharpest picture near each instant;
    ``skip_black`` leaves out black ones. A scene lasts ``min_scene_seconds`` at least.
    """

    select: FrameSelection = FrameSelection()
    format: ImageFormat = ImageFormat.JPEG
    quality: int = 90
    max_width: int | None = None
    max_height: int | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None
    distinct: float | None = None
    sharpest: bool = False
    skip_black: bool = False
    min_scene_seconds: float | None = None
    aspect: Aspect = Aspect.FIT
    crop: Crop | None = None

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
        self._check_choices()

    @property
    def is_culled(self) -> bool:
        """Whether pictures must be seen before it is known which of them are taken."""
        return self.sharpest or self.skip_black or self.distinct is not None

    def _check_choices(self) -> None:
        kind, shortest = self.select.kind, self.min_scene_seconds
        if self.distinct is not None and self.distinct not in (allowed := OPTION_RANGES["distinct"]):
            raise InvalidInput(f"This must be from {allowed.low:g} to {allowed.high:g}.", field=("options", "distinct"))
        if self.sharpest and kind is SelectionKind.KEYFRAMES_ONLY:
            raise InvalidInput("The sharpest picture may be no key picture: take one of both.", field=_SHARPEST)
        if shortest is not None and kind is not SelectionKind.SCENE_CHANGE:
            raise InvalidInput("Only sceneChange finds scenes.", field=("options", "minSceneSeconds"))
        if shortest is not None and shortest not in (allowed := OPTION_RANGES["minSceneSeconds"]):
            said = f"This must be from {allowed.low:g} to {allowed.high:g}."
            raise InvalidInput(said, field=("options", "minSceneSeconds"))
        if self.aspect is not Aspect.FIT and None in (self.max_width, self.max_height):
            raise InvalidInput("This needs both maxWidth and maxHeight.", field=("options", "aspect"))


ADDED: Final[Mapping[str, object]] = MappingProxyType(
    {one.name: one.default for one in fields(ExtractionOptions) if one.name not in _OF_THE_FIRST_VERSION}
)
"""The options that came later, and what each is where it is not used."""


def unused(options: ExtractionOptions) -> set[str]:
    """Return the names of the options that came later and are not used: they are neither stored nor compared.

    So a former version reads and writes the same of what it knows. A worker that finds others in a row can tell that it
    does not know how to carry them out.
    """
    return {name for name, default in ADDED.items() if getattr(options, name) == default}


def asked(options: ExtractionOptions) -> dict[str, Any]:
    """Return what tells two requests apart, the same for all versions that know these options."""
    return {name: value for name, value in asdict(options).items() if name not in unused(options)}
