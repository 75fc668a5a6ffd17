"""Films by hand: what an inspection would say of files like those that people have."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from app.domain.film import KEY, NO_TIME, NON_REFERENCE, Film, Look, Packets, Stream
from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from app.domain.plan import Plan, plan

MILLISECONDS = Fraction(1, 1000)

RATE, EVERY, NTH = SelectionKind.FRAMES_PER_SECOND, SelectionKind.EVERY_SECONDS, SelectionKind.EVERY_NTH_FRAME
COUNT, AT = SelectionKind.COUNT, SelectionKind.TIMESTAMPS
KEYS, SCENES = SelectionKind.KEYFRAMES_ONLY, SelectionKind.SCENE_CHANGE


class Packet(NamedTuple):
    pts: int
    flags: int = 0
    duration: int = 0
    dts: int = NO_TIME


def film_of_packets(rows: Iterable[Packet], time_base: Fraction = MILLISECONDS, **facts: Any) -> Film:
    packets = Packets(time_base)
    for row in rows:
        packets.add(row.pts, row.dts, row.duration, row.flags)
    return Film(facts.pop("container", "mov"), Stream(0, "video", "h264"), Look(320, 192, "yuv420p"), packets, **facts)


def film_of_times(times: Sequence[int], last: int = 0, *, group: int = 1, **facts: Any) -> Film:
    """A film without B-pictures: each picture at its time, in milliseconds where nothing else is said."""
    lasting = [*(b - a for a, b in pairwise(times)), last]
    rows = [
        Packet(time, KEY if n % group == 0 else 0, long, time)
        for n, (time, long) in enumerate(zip(times, lasting, strict=True))
    ]
    return film_of_packets(rows, **facts)


def rounded(number: int, rate: Fraction, time_base: Fraction = MILLISECONDS) -> list[int]:
    """The times of so many pictures at a constant rate, as a container of this time base rounds them."""
    return [round(n / rate / time_base) for n in range(number)]


def with_b_pictures(groups: int, minis: int = 3, *, open_groups: bool = False, step: int = 40) -> list[Packet]:
    """Groups of I, and per mini group P b B b: shown b B b P, the B in the middle a reference for its two neighbours.

    In an open group three pictures more are decoded after the I and shown before it.
    """
    rows, shown, middle = [], 0, [(2, 0), (1, NON_REFERENCE), (3, NON_REFERENCE)]
    for group in range(groups):
        ahead = 3 if open_groups and group else 0
        key = shown + ahead
        rows.append((key, KEY))
        rows += [(key - 4 + place, marks) for place, marks in middle[:ahead]]
        for mini in range(minis):
            rows.append((key + 4 * mini + 4, 0))
            rows += [(key + 4 * mini + place, marks) for place, marks in middle]
        shown = key + 4 * minis + 1
    return [Packet(place * step, marks, step, (n - 3) * step) for n, (place, marks) in enumerate(rows)]


def options(kind: SelectionKind, value: float | Sequence[float] = 1, **part: Any) -> ExtractionOptions:
    if isinstance(value, Sequence):
        return ExtractionOptions(FrameSelection(kind, 0, tuple(value)), **part)
    return ExtractionOptions(FrameSelection(kind, value), **part)


def taken(film: Film, kind: SelectionKind, value: float | Sequence[float] = 1, **part: Any) -> list[int]:
    """The number of the picture in each file of the ZIP."""
    return numbers(plan(film, options(kind, value, **part)))


def numbers(plan: Plan) -> list[int]:
    return [picture.number for picture in plan.pictures for _ in picture.instants]


def kept(plan: Plan) -> set[int]:
    assert plan.keep is not None
    return {place for first, last in plan.keep for place in range(first, last + 1)}
