"""The user's choice of frames as an ffmpeg filter. No text of the user's gets into it, only numbers."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, final

from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from app.domain.video import MediaInfo

# Containers round times, Matroska to milliseconds: a frame that is so much early counts as on time.
_TOLERANCE: Final = 0.0005
_RATE_DENOMINATOR: Final = 10_000  # Keeps a rate's numerator below 2**31 for every rate that the options allow.
_GRID: Final = frozenset({SelectionKind.FRAMES_PER_SECOND, SelectionKind.EVERY_SECONDS})
NEEDS_THE_END: Final = frozenset({SelectionKind.COUNT, SelectionKind.TIMESTAMPS})
"""Kinds that must know where the picture ends, and not only where the longest of all streams does."""


@final
@dataclass(frozen=True, slots=True)
class Part:
    """The part of the video that is used, in seconds from its start; ``end`` is None where nobody knows it."""

    start: float
    end: float | None

    @classmethod
    def of(cls, options: ExtractionOptions, duration: float | None) -> "Part":
        ends = [end for end in (options.end_seconds, duration) if end is not None]
        return cls(options.start_seconds or 0.0, min(ends, default=None))

    @property
    def seconds(self) -> float | None:
        """Its length; not positive where it begins after the video's end."""
        return None if self.end is None else self.end - self.start


def rate(select: FrameSelection) -> Fraction | None:
    """Frames per second of a regular grid, or None where the choice is of another kind."""
    if select.kind not in _GRID:
        return None
    value = Fraction(select.value).limit_denominator(_RATE_DENOMINATOR)
    return value if select.kind is SelectionKind.FRAMES_PER_SECOND else 1 / value


def selecting(options: ExtractionOptions, part: Part, media: MediaInfo, longest: float) -> str:
    """Give the filter.

    A grid shows the picture that is on the screen at each of its instants, the first one at 0 s: ``fps`` with
    ``round=up`` takes the last frame that is not later. A frame later than ``longest`` seconds is always let through,
    so that a video that is longer than it says is found out.
    """
    end = None if options.end_seconds is None else options.end_seconds - part.start
    if (grid := rate(options.select)) is not None:
        # The end stands behind ``fps``. Before it, a gap or a long last frame would be filled beyond the end.
        bound = longest - part.start + float(1 / grid) + 1
        fps = f"fps=fps={grid.numerator}/{grid.denominator}:round=up:start_time=0"
        return f"{fps},trim=end={min(end or bound, bound):.6f}"
    choice = f"select='{_expression(options.select, part, media)}+gt(t,{longest - part.start:.6f})'"
    return choice if end is None else f"trim=end={end:.6f},{choice}"


def _expression(select: FrameSelection, part: Part, media: MediaInfo) -> str:
    match select.kind:
        case SelectionKind.EVERY_NTH_FRAME:
            return f"not(mod(n,{int(select.value)}))"
        case SelectionKind.COUNT:
            step = (part.seconds or 0.0) / select.value
            if step <= 0:  # A picture that lasts no time.
                return "1"
            now, before = (f"floor(({time}+{_TOLERANCE})/{step:.9f})" for time in ("t", "prev_selected_t"))
            return f"isnan(prev_selected_t)+gt({now},{before})"
        case SelectionKind.TIMESTAMPS:
            times = _reachable(select.timestamps, part, media)
            return _sum([f"gte(t,{time:.6f})*not(gte(prev_t,{time:.6f}))" for time in times]) or "0"
        case SelectionKind.SCENE_CHANGE:
            return f"eq(n,0)+gt(scene,{select.value:.6f})"
        case _:  # Keyframes only: the decoder gives no others.
            return "1"


def _sum(terms: list[str]) -> str:
    """Add up in a balanced tree: a row of terms is as deep as it is long, and ffmpeg refuses more than a hundred."""
    if len(terms) <= 1:
        return "".join(terms)
    half = len(terms) // 2
    return f"({_sum(terms[:half])}+{_sum(terms[half:])})"


def _reachable(timestamps: tuple[float, ...], part: Part, media: MediaInfo) -> list[float]:
    """Give the times inside the part, from its start, none later than the last frame's own."""
    times = [time - part.start - _TOLERANCE for time in timestamps if part.start <= time]
    if part.end is None:
        return times
    length = part.end - part.start
    last = length - 1.5 / media.frames_per_second if media.frames_per_second else length
    return [max(0.0, min(time, last)) for time in times if time + _TOLERANCE < length]


def expected_frames(select: FrameSelection, part: Part, media: MediaInfo) -> int | None:
    """Estimate how many frames the choice will give, where that can be said."""
    seconds = part.seconds
    if select.kind is SelectionKind.COUNT:
        return int(select.value)
    if seconds is None:
        return None
    if select.kind is SelectionKind.TIMESTAMPS:
        return sum(part.start <= time < part.start + seconds for time in select.timestamps)
    if (grid := rate(select)) is not None:
        return max(1, math.ceil(seconds * float(grid) - _TOLERANCE))
    if select.kind is SelectionKind.EVERY_NTH_FRAME and media.frames_per_second:
        return max(1, math.ceil(seconds * media.frames_per_second / select.value - _TOLERANCE))
    return None
