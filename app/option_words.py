"""The options of an extraction as words of a command line, for ``fiapx frames`` and ``fiapx upload`` alike.

They bear the API's names. What each may be is known by whoever carries them out: the engine, or the service.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Word:
    """An option: a short name if it has one, what follows it, what it does, and how that is read."""

    short: str
    value: str
    help: str
    read: Callable[[str], Any]
    """Raises ValueError with what is wrong, as the end of a sentence."""


def option_of(field: str) -> str:
    """Return what an option of the API, such as ``maxWidth`` or ``max_width``, is called."""
    return "--" + re.sub(r"_|(?<=[a-z])(?=[A-Z])", "-", field).lower()


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text} is no number") from None


def whole(text: str) -> int:
    """Read a whole number."""
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise ValueError(f"{text} is no whole number")
    return int(text)


def times(text: str) -> tuple[float, ...]:
    """Read times, in seconds."""
    return tuple(number(time) for time in text.split(","))


def image_format(text: str) -> str:
    """Read a format of pictures; return its name in the API."""
    if text.upper() not in FORMATS:
        raise ValueError(f"{text} is no format; there are {', '.join(FORMATS).lower()}")
    return text.upper()


def aspect(text: str) -> str:
    """Read what becomes of another shape; return its name in the API."""
    if text.upper() not in ASPECTS:
        raise ValueError(f"{text} is none of {', '.join(ASPECTS).lower()}")
    return text.upper()


def part(text: str) -> dict[str, float]:
    """Read a part of a picture: four shares."""
    shares = times(text)
    if len(shares) != len(_PART):
        raise ValueError(f"{text} are not the four shares left,top,width,height")
    return dict(zip(_PART, shares, strict=True))


_PART: Final = ("left", "top", "width", "height")
ASPECTS: Final = ("FIT", "FILL", "EXACT")
FORMATS: Final = ("JPEG", "PNG", "WEBP")
SELECTIONS: Final[Mapping[str, Word]] = {
    "frames_per_second": Word("--fps", "RATE", "so many frames for each second of the film (1)", number),
    "every_seconds": Word("--every", "SECONDS", "one frame every so many seconds", number),
    "every_nth_frame": Word("--nth", "N", "every n-th frame of the film; 1 takes all", whole),
    "count": Word("--count", "N", "so many frames, evenly spread", whole),
    "timestamps": Word("--at", "T,T...", "at these times, in seconds from the start", times),
    "keyframes_only": Word("--keyframes", "", "only the frames that are coded whole: by far the fastest", bool),
    "scene_change": Word(
        "--scenes", "SHARE", "where the picture changes by more than this share, 0 to 1", number
    ),
}  # fmt: skip
"""The ways of choosing frames, of which there is one at most. ``keyframes_only`` has no value."""
OTHERS: Final[Mapping[str, Word]] = {
    "format": Word("", "FORMAT", "jpeg, png or webp (jpeg)", image_format),
    "quality": Word("", "N", "1 (smallest) to 100 (best), of JPEG and WEBP (90)", whole),
    "max_width": Word("", "PIXELS", "scale down, never up, to fit; the shape is kept", whole),
    "max_height": Word("", "PIXELS", "the same by the height", whole),
    "start_seconds": Word("--from", "SECONDS", "only the part of the film from here ...", number),
    "end_seconds": Word("--to", "SECONDS", "... to here", number),
    "distinct": Word("", "SHARE", "leave out a frame of which less than this share, 0.001 to 1, has changed", number),
    "sharpest": Word("", "", "near each instant, half a second away at most, the sharpest frame", bool),
    "skip_black": Word("", "", "leave out black frames", bool),
    "min_scene_seconds": Word("--min-scene", "SECONDS", "with --scenes: no scene is shorter", number),
    "aspect": Word("", "ASPECT", "of another shape than --max-width and --max-height: fit, fill or exact", aspect),
    "crop": Word("", "L,T,W,H", "only this part of the picture: left, top, width, height as shares of it", part),
}
"""How they are. What is read by ``bool`` has no value."""
