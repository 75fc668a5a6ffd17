"""Which pictures are right, written down once more: slowly, in fractions, without the plan's own code."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from app.domain.film import DISCARD, KEY, Film
from app.domain.options import ExtractionOptions, FrameSelection
from tests.domain.films import AT, EVERY, KEYS, NTH, RATE


@dataclass
class Shown:
    """A picture as people see it: seconds, and the place of its packet."""

    begin: Fraction
    place: int
    end: Fraction = Fraction(0)

    @property
    def interval(self) -> Fraction:
        return self.end - self.begin


def pictures_of(film: Film) -> list[Shown]:
    """The pictures of a film whose times never begin anew."""
    packets = film.packets
    first = next((i for i, flags in enumerate(packets.flags) if flags & KEY), 0)
    places = [i for i in range(first, len(packets)) if not packets.flags[i] & DISCARD]
    places = [i for i in places if film.first_shown is None or packets.pts[i] >= film.first_shown]
    places.sort(key=lambda i: (packets.pts[i], i))
    shown = [Shown(packets.pts[i] * packets.time_base - film.origin, i) for i in places]
    for one, following in pairwise(shown):
        one.end = following.begin
    if shown:
        last = max(packets.durations[p.place] for p in shown if p.begin == shown[-1].begin) * packets.time_base
        usual = usual_interval(shown)
        if not last and not usual and film.frames_per_second:
            usual = max(1, round(1 / Fraction(film.frames_per_second) / packets.time_base)) * packets.time_base
        shown[-1].end = shown[-1].begin + (last or usual)
    return shown


def usual_interval(shown: list[Shown]) -> Fraction:
    rising = sorted(b.begin - a.begin for a, b in pairwise(shown) if b.begin > a.begin)
    return rising[(len(rising) - 1) // 2] if rising else Fraction(0)


def on_screen(shown: list[Shown], instant: Fraction, step: Fraction | None = None) -> int:
    """The latest picture that has come, or that comes so soon after the instant that it counts as being there."""
    found, before = 0, Fraction(0)  # Before all pictures the first is there, so none takes its place early.
    for number, picture in enumerate(shown):
        bounds = [picture.interval, before, *([step] if step is not None else [])]
        if picture.begin <= instant or picture.begin - instant <= min(bounds) / 4:
            found = number
        before = picture.interval or before  # Pictures of the same time have the same picture before them.
    return found


def typed(value: float) -> Fraction:
    return Fraction(repr(value))


def bounds_of(asked: ExtractionOptions) -> tuple[Fraction, Fraction | None]:
    return typed(asked.start_seconds or 0), None if asked.end_seconds is None else typed(asked.end_seconds)


def part_of(shown: list[Shown], asked: ExtractionOptions) -> list[int]:
    start, end = bounds_of(asked)
    here = on_screen(shown, start)
    begun = [n for n, p in enumerate(shown) if p.begin >= start and (end is None or p.begin < end)]
    return sorted({here, *begun}) if not begun or here < begun[0] else begun


def grid_of(shown: list[Shown], asked: ExtractionOptions, step: Fraction) -> list[Fraction]:
    """The instants of a regular grid."""
    start, end = bounds_of(asked)
    film_end, last = shown[-1].end, shown[-1].interval
    spare = min(last, usual_interval(shown) or last, step) / 4
    instants = [start]
    if film_end > shown[0].begin:
        while (end is None or instants[-1] + step < end) and instants[-1] + step < film_end - spare:
            instants.append(instants[-1] + step)
    return instants


def shares_of(lasting: list[Fraction], count: int) -> Fraction:
    """The share s of which sum(min(time, s)) holds just ``count``: whichever number of pictures is cut, one fits."""
    rising = sorted(lasting)
    for cut in range(count):
        whole = rising[: len(rising) - cut]
        share = sum(whole, Fraction(0)) / (count - cut)
        if whole[-1] <= share and all(time >= share for time in rising[len(whole) :]):
            return share
    raise AssertionError("no share")


def step_of(select: FrameSelection) -> Fraction:
    value = typed(select.value).limit_denominator(10_000)
    return value if select.kind is EVERY else 1 / value


def defined(film: Film, asked: ExtractionOptions) -> list[tuple[int, float]] | None:
    """For each file the picture and the instant, None where there is nothing to take."""
    shown, select = pictures_of(film), asked.select
    start, end = bounds_of(asked)
    endless = bool(shown) and shown[-1].end == shown[0].begin
    if not shown or (start >= shown[-1].end and not endless):
        return None
    if select.kind in {RATE, EVERY}:
        step = step_of(select)
        return [(on_screen(shown, time, step), float(time)) for time in grid_of(shown, asked, step)]
    if select.kind is AT:
        within = [t for t in select.timestamps if start <= typed(t) and (end is None or typed(t) < end)]
        within = [t for t in within if endless or typed(t) < shown[-1].end]
        return [(on_screen(shown, typed(time)), time) for time in within] or None
    part = part_of(shown, asked)
    chosen = part[:: int(select.value)] if select.kind is NTH else spread(shown, part, asked)
    if select.kind is KEYS:
        chosen = [number for number in part if film.packets.flags[shown[number].place] & KEY]
    return [(number, float(shown[number].begin)) for number in chosen] or None


def spread(shown: list[Shown], part: list[int], asked: ExtractionOptions) -> list[int]:
    """So many different pictures at regular instants, on an axis where none lasts longer than a share."""
    count = int(asked.select.value)
    if len(part) <= count:
        return part
    start, end = bounds_of(asked)
    stop = shown[-1].end if end is None else min(end, shown[-1].end)
    begins = [start, *(shown[number].begin for number in part[1:]), stop]
    lasting = [max(Fraction(0), b - a) for a, b in pairwise(begins)]
    if sum(time > 0 for time in lasting) < count:
        lasting = [Fraction(len(lasting) if time else 1) for time in lasting]
    share = shares_of(lasting, count)
    chosen = []
    for k in range(count):
        passed = Fraction(0)
        for number, time in zip(part, lasting, strict=True):
            passed += min(time, share)
            if k * share < passed:
                chosen.append(number)
                break
    return chosen
