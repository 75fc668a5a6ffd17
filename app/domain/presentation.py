"""A film's pictures in the order in which people see them, each with the time at which it comes on the screen.

All times in here are whole ticks of the film's time base, so that nothing is ever rounded; what users type is turned
into (fractions of) ticks, never the other way round.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final, final

from app.domain.columns import holds, in_order, marked, picked, rises, since, steps
from app.domain.errors import ProcessingError
from app.domain.failure import JOINED, FailureCode
from app.domain.film import DISCARD, IS_KEY, KEY, NO_TIME, REORDERED, Film, Packets

_IS_SHOWN: Final = bytes(not flags & DISCARD for flags in range(256))
TIMES_BEGIN_ANEW: Final = "its times begin anew on the way"
_MOST_RECORDINGS: Final = 10_000
"""Nobody joins more. The time that a presentation takes would grow without bounds."""


@final
@dataclass(frozen=True, slots=True)
class Presentation:
    """The pictures of a film as columns, in order of presentation.

    Tick t is (t * ``per_tick`` - ``offset``) / ``divisor`` seconds from the start of the presentation. ``begins`` are
    the ticks at which they come, ``ticks`` what the film itself calls them (the same but where times begin anew on the
    way), ``packets`` the places of their packets in decoding order, None where only the decoder knows those. ``end``
    is the tick at which the last picture goes. ``whole`` says why nothing can be left out of the decoding, and
    ``by_number`` that pictures cannot be told by their times.
    """

    per_tick: int
    offset: int
    divisor: int
    begins: Sequence[int]
    ticks: Sequence[int]
    packets: "array[int] | None"
    end: int
    whole: str | None
    by_number: bool

    def __len__(self) -> int:
        return len(self.begins)

    def until(self, number: int) -> int:
        """Return the tick at which the next picture comes, or at which the last one goes."""
        return self.begins[number + 1] if number + 1 < len(self.begins) else self.end

    def twins(self, number: int) -> range:
        """Return the pictures of the same time, this one among them."""
        begins, begin = self.begins, self.begins[number]
        first, stop = number, number + 1
        if number and begins[number - 1] == begin:  # Seldom, so the search is mostly spared.
            first = bisect_left(begins, begin, 0, number)
        if stop < len(begins) and begins[stop] == begin:
            stop = bisect_right(begins, begin, stop)
        return range(first, stop)

    def place(self, seconds: float | Fraction) -> Fraction:
        """Return an instant of the presentation, as typed by a user, in ticks."""
        return (Fraction(str(seconds)) * self.divisor + self.offset) / self.per_tick

    def span(self, seconds: Fraction) -> Fraction:
        """Return so many seconds in ticks."""
        return seconds * self.divisor / self.per_tick

    def seconds(self, ticks: int) -> float:
        """Return a tick in seconds from the start of the presentation, rounded to millionths."""
        divisor = self.divisor
        return (2_000_000 * (ticks * self.per_tick - self.offset) + divisor) // (2 * divisor) / 1_000_000

    @property
    def endless(self) -> bool:
        """Whether nobody knows how long its only picture lasts, so that it is always on the screen."""
        return self.end <= self.begins[0]

    def usual_interval(self) -> int:
        """Return the lower median of the times between pictures, those of the same time left aside; 0 for one."""
        return _lower_median(self.begins)

    def there(self, fourfold: int, latest: int | None = None) -> int:
        """Return the picture that is on the screen at an instant; the first one is there also before its time.

        The next one counts as being there already where it begins at most a quarter of its own interval later, since
        clocks waver and containers round times. It must also be at most a quarter of the interval of the picture
        whose place it takes: else one that stays for a minute would hide all that came in the seconds before it.
        ``fourfold`` is four times the instant in ticks, rounded down, and ``latest`` a bound to what counts.
        """
        begins = self.begins
        here = bisect_right(begins, fourfold // 4) - 1
        if here < 0 or here + 1 == len(begins):
            return max(here, 0)
        begin = begins[here + 1]
        if 4 * begin - (begin - begins[here]) > fourfold or (latest is not None and begin > latest):
            return here
        following = self.twins(here + 1).stop - 1
        return following if 5 * begin - self.until(following) <= fourfold else here


def present(film: Film) -> Presentation:
    """Return the film's pictures in order of presentation.

    Raises ProcessingError: NO_FRAMES where there is none, CORRUPT_VIDEO where the times begin anew again and again.
    """
    packets = film.packets
    first = _first(packets)
    unordered = only_the_decoder_knows(film)
    times = _stand_ins(film, first) if unordered else packets.pts
    beginnings = [*_beginnings(packets, first), len(packets)]
    joined = len(beginnings) > 2  # noqa: PLR2004 - one beginning and the end
    order = array("q")
    begins: list[int] | array[int] = []  # Recordings that were joined can add up to more than a column holds.
    usual = end = 0
    for start, stop in pairwise(beginnings):
        shown = marked(packets.flags[start:stop].translate(_IS_SHOWN), start)
        if start == first and film.first_shown is not None and not unordered:
            # Pictures that are shown before the first key picture need what came before the recording.
            shown = since(shown, times, film.first_shown)
        if not shown:
            continue
        own = picked(times, shown)
        if not rises(own):
            shown = in_order(shown, times)
            own = picked(times, shown)
        shift = end - own[0] if order else 0
        if joined:
            order.extend(shown)
            begins.extend(time + shift for time in own)
        else:
            order, begins = shown, own
        last = max(packets.durations[place] for place in shown[bisect_left(own, own[-1]) :])
        if last <= 0:
            last = usual = _lower_median(own) or usual or _nominal(film)
        end = begins[-1] + last
    if not order:
        raise ProcessingError(FailureCode.NO_FRAMES)
    base, origin = packets.time_base, film.origin
    return Presentation(
        per_tick=base.numerator * origin.denominator,
        offset=origin.numerator * base.denominator,
        divisor=base.denominator * origin.denominator,
        begins=begins,
        ticks=picked(times, order) if joined else begins,
        packets=None if unordered else order,
        end=end,
        whole=_why_whole(film, joined=joined),
        by_number=unordered or joined,
    )


def _why_whole(film: Film, *, joined: bool) -> str | None:
    """Return why nothing can be left out of the decoding, None where it can."""
    if film.timeless:
        return "the container has no presentation times"
    if only_the_decoder_knows(film):
        return "packets without presentation times"
    if joined:
        return TIMES_BEGIN_ANEW
    if film.intra_only:
        return None
    if not is_marked(film.packets):
        return "the container marks no key pictures"
    return None if rises(_key_times(film.packets)) else "key pictures out of order"


def only_the_decoder_knows(film: Film) -> bool:
    """Return whether nothing but decoding says in which order the packets' pictures are shown."""
    return film.timeless or holds(film.packets.pts[_first(film.packets) :], NO_TIME)


def _first(packets: Packets) -> int:
    """Return the place of the first key picture: nothing before it is a picture of the film. 0 where none is marked."""
    return max(packets.flags.translate(IS_KEY).find(1), 0)


def is_marked(packets: Packets) -> bool:
    """Return whether any packet is marked as a key picture."""
    return 1 in packets.flags.translate(IS_KEY)


def _key_times(packets: Packets) -> "array[int]":
    return picked(packets.pts, marked(packets.flags.translate(IS_KEY)))


def _lower_median(times: Sequence[int]) -> int:
    """Return the lower median of the steps by which times rise, 0 where they never do."""
    rising = sorted((step, often) for step, often in steps(times).items() if step > 0)
    half, seen = (sum(often for _, often in rising) + 1) // 2, 0
    for step, often in rising:
        seen += often
        if seen >= half:
            return step
    return 0


def _nominal(film: Film) -> int:
    """Return the interval between pictures that the container states, in ticks, 0 where it states none."""
    rate = film.frames_per_second
    if rate is None or not 0 < rate < math.inf:
        return 0
    return max(1, int(1 / Fraction(rate) / film.packets.time_base + Fraction(1, 2)))


def _stand_ins(film: Film, first: int) -> list[int]:
    """Return the decoding times in rising order, where they must stand for presentation times that nobody knows.

    The codec gives its pictures in some other order than that of the packets, but the first of them is shown for the
    first of the times, the second for the second and so on.
    """
    dts, durations = film.packets.dts, film.packets.durations
    known = array("q", (time for time in dts[first:] if time != NO_TIME))
    usual = _lower_median(known) or _nominal(film) or max(durations[first:], default=0) or 1
    times = list(dts)
    ahead = next((i for i in range(first, len(times)) if times[i] != NO_TIME), first)
    if times and times[ahead] == NO_TIME:
        times[ahead] = math.floor(film.origin / film.packets.time_base)
    for i in range(ahead - 1, first - 1, -1):
        times[i] = times[i + 1] - usual
    for i in range(ahead + 1, len(times)):
        if times[i] == NO_TIME:
            times[i] = times[i - 1] + usual
    return times


def _beginnings(packets: Packets, first: int) -> list[int]:
    """Return where the recordings begin of which a file was joined: where times fall as they never do in one.

    They fall further than any codec reorders, or fall for a key picture that would be shown no later than the last one.
    """
    dts, pts, flags = packets.dts, packets.pts, packets.flags
    if rises(dts[first:]) and rises(_key_times(packets)):
        return [first]
    usual = _lower_median(array("q", (time for time in dts[first:] if time != NO_TIME)))
    starts, highest, key = [first], NO_TIME, NO_TIME
    for i in range(first, len(packets)):
        is_key = flags[i] & KEY
        clock = dts[i] if dts[i] != NO_TIME else pts[i] if is_key and pts[i] != NO_TIME else highest
        if clock < highest - REORDERED * usual or (is_key and pts[i] <= key and clock < highest):
            starts.append(i)
            highest = key = NO_TIME
            if len(starts) > _MOST_RECORDINGS:
                raise ProcessingError(FailureCode.CORRUPT_VIDEO, JOINED)
        highest = max(highest, clock)
        key = pts[i] if is_key else key
    return starts
