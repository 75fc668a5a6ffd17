"""Which pictures of a film a user's options mean; docs/frames.md says it for users."""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from app.domain.presentation import Presentation

_DENOMINATOR: Final = 10_000
"""A rate that was typed in decimals, 0.0333333 for instance, means the fraction next to it: a thirtieth."""
_BROADCAST: Final = (12, 15, 24, 30, 48, 60, 120, 240)
"""Rates that broadcasting slows down by 1000/1001; people write them as 23.976, 23.98, 29.97, 59.94."""


class Chosen(NamedTuple):
    """Numbers of pictures in order of presentation, each with the asked instants that it stands for."""

    pictures: list[tuple[int, tuple[float, ...]]]
    left_out: tuple[float, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Part:
    """The part of a film that is used, in ticks from ``start`` (included) to ``stop`` (excluded; None: to its end)."""

    start: Fraction
    stop: Fraction | None

    @classmethod
    def of(cls, shown: Presentation, options: ExtractionOptions) -> "Part":
        """Return the part that the options name.

        Raises ProcessingError (NO_FRAMES) where it begins after the film's end.
        """
        end = options.end_seconds
        part = cls(shown.place(options.start_seconds or 0), None if end is None else shown.place(end))
        if part.start >= shown.end and not shown.endless:
            raise ProcessingError(
                FailureCode.NO_FRAMES,
                f"The chosen start is later than the end of this video, which is {length_of(shown)} long.",
            )
        return part

    def is_all(self, shown: Presentation) -> bool:
        """Return whether it is the whole film."""
        return self.stop is None and self.start == shown.place(0)

    def pictures(self, shown: Presentation) -> range:
        """Return those that begin in it and, before them, the one that is on the screen at its start."""
        first = min(shown.there(math.floor(4 * self.start)), bisect_left(shown.begins, math.ceil(self.start)))
        stop = len(shown) if self.stop is None else bisect_left(shown.begins, math.ceil(self.stop))
        return range(first, max(stop, first + 1))


def length_of(shown: Presentation) -> str:
    """Return how long the film is, for people: 10 s, 5.31 s."""
    return f"{max(0.0, shown.seconds(shown.end)):.3f}".rstrip("0").rstrip(".") + " s"


def step_of(select: FrameSelection) -> Fraction:
    """Return the seconds from one instant of a regular grid to the next."""
    typed = str(select.value)
    if select.kind is SelectionKind.EVERY_SECONDS:
        return Fraction(typed).limit_denominator(_DENOMINATOR)
    decimals = len(typed.partition(".")[2])
    if decimals > 1:
        for rate in _BROADCAST:
            if round(rate * 1000 / 1001, decimals) == select.value:
                return Fraction(1001, 1000 * rate)
    return 1 / Fraction(typed).limit_denominator(_DENOMINATOR)


def choose(shown: Presentation, options: ExtractionOptions, keys: Iterable[int], most: int | None) -> Chosen:
    """Return the pictures that the options mean; ``keys`` are the numbers of the key pictures.

    Raises ProcessingError: NO_FRAMES where there is none, TOO_MANY_FRAMES where there are more than ``most``.
    """
    part, select = Part.of(shown, options), options.select
    match select.kind:
        case SelectionKind.FRAMES_PER_SECOND | SelectionKind.EVERY_SECONDS:
            return _on_grid(shown, part, options, most)
        case SelectionKind.TIMESTAMPS:
            return _at_times(shown, part, select.timestamps)
        case SelectionKind.EVERY_NTH_FRAME:
            return of_numbers(shown, part.pictures(shown)[:: int(select.value)], most)
        case SelectionKind.COUNT:
            return of_numbers(shown, _spread(shown, part, int(select.value)), most)
        case SelectionKind.KEYFRAMES_ONLY:
            used = part.pictures(shown)
            return of_numbers(shown, [number for number in keys if number in used], most)
        case SelectionKind.SCENE_CHANGE:
            raise ValueError("Scene changes are found by the decoder: plan what it has surveyed.")


def of_numbers(shown: Presentation, numbers: Sequence[int], most: int | None) -> Chosen:
    """Return these pictures, each for its own time; raise what ``choose`` does."""
    if not numbers:  # Of all choices only key pictures can be missing in a part.
        raise ProcessingError(
            FailureCode.NO_FRAMES, f"This video is {length_of(shown)} long and has no key picture in the chosen part."
        )
    _check_number(len(numbers), most)
    return Chosen([(number, (shown.seconds(shown.begins[number]),)) for number in numbers])


def _check_number(files: int, most: int | None) -> None:
    if most is not None and files > most:
        raise ProcessingError(FailureCode.TOO_MANY_FRAMES)


def _at_times(shown: Presentation, part: Part, times: Sequence[float]) -> Chosen:
    pictures: dict[int, tuple[float, ...]] = {}
    left_out = []
    for time in times:
        instant = shown.place(time)
        past = (instant >= shown.end and not shown.endless) or (part.stop is not None and instant >= part.stop)
        if past or instant < part.start:
            left_out.append(time)
        else:
            number = shown.there(math.floor(4 * instant))
            pictures[number] = (*pictures.get(number, ()), time)
    if not pictures:
        where = "in it" if part.is_all(shown) else "in the chosen part of it"
        raise ProcessingError(
            FailureCode.NO_FRAMES, f"This video is {length_of(shown)} long, and none of the times asked for is {where}."
        )
    return Chosen(list(pictures.items()), tuple(left_out))


def _on_grid(shown: Presentation, part: Part, options: ExtractionOptions, most: int | None) -> Chosen:
    """Return the picture on the screen at the start, a step later, two steps later and so on before the end."""
    begin, seconds = Fraction(str(options.start_seconds or 0)), step_of(options.select)
    step = shown.span(seconds)
    instants = _instants(shown, part, step)
    _check_number(instants, most)
    # Whole numbers from here on, since there can be very many instants: each is ``at`` / ``parts`` ticks.
    parts = math.lcm(part.start.denominator, step.denominator)
    at, by = int(part.start * parts), int(step * parts)
    divisor = math.lcm(begin.denominator, seconds.denominator)
    typed, further = int(begin * divisor), int(seconds * divisor)
    pictures: dict[int, list[float]] = {}
    for k in range(instants):
        number = shown.there(4 * at // parts, (4 * at + by) // (4 * parts))
        pictures.setdefault(number, []).append((typed + k * further) / divisor)
        at += by
    return Chosen([(number, tuple(times)) for number, times in pictures.items()])


def _instants(shown: Presentation, part: Part, step: Fraction) -> int:
    """Return how many instants of the grid lie in the part, at least one.

    The end that the user names is exact. The film's own counts as reached already when it is so close that it must be
    the clock's wavering: without that, the last picture would come twice at the film's own rate.
    """
    if shown.endless:
        return 1
    last = shown.end - shown.begins[-1]
    reached = shown.end - min(Fraction(last), Fraction(shown.usual_interval() or last), step) / 4
    stop = reached if part.stop is None else min(reached, part.stop)
    return max(1, math.ceil((stop - part.start) / step))


def _spread(shown: Presentation, part: Part, count: int) -> Sequence[int]:
    """Return so many different pictures of the part, evenly spread in time, or all where it has no more.

    Time is filled like water: where a picture lasts longer than its share of the film, the rest of its time is cut
    out and the shares of all grow, until each lasts one share at most. On this shorter axis the pictures at regular
    instants are all different. At a constant rate nothing is cut out, and picture k is the one at k/count of the part.
    """
    used = part.pictures(shown)
    if len(used) <= count:
        return used
    stop = Fraction(shown.end) if part.stop is None else min(part.stop, Fraction(shown.end))
    lasting = _lasting(shown, used, part.start, stop)
    if sum(time > 0 for time in lasting) < count:
        # Too few pictures last at all: these are all taken, and of the others some, as if each lasted a moment.
        lasting = [len(lasting) if time else 1 for time in lasting]
    share, divisor = _share(lasting, count)
    numbers, passed = [], 0
    for number, time in zip(used, lasting, strict=True):
        shorter = min(time * divisor, share)
        if -(-passed // share) * share < passed + shorter:  # A multiple of the share lies in the picture's time.
            numbers.append(number)
        passed += shorter
    return numbers


def _lasting(shown: Presentation, used: range, start: Fraction, stop: Fraction) -> Sequence[int]:
    """Return how long each picture lasts within the part, in one unit for all."""
    scale = math.lcm(start.denominator, stop.denominator)

    def lasting() -> Iterator[int]:
        begin = int(start * scale)
        for number in used[1:]:
            until = scale * shown.begins[number]
            yield max(0, until - begin)
            begin = until
        yield max(0, int(stop * scale) - begin)

    try:
        return array("q", lasting())
    except OverflowError:  # The unit is very small.
        return list(lasting())


def _share(lasting: Sequence[int], count: int) -> tuple[int, int]:
    """Return, as numerator and denominator, the share for which sum(min(time, share)) is ``count`` shares."""
    rising = sorted(lasting)
    filled = 0
    for shorter, time in enumerate(rising):
        divisor = count - (len(rising) - shorter)
        if divisor > 0 and filled <= time * divisor:
            return filled, divisor
        filled += time
    return filled, count
