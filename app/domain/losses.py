"""Where packets are missing, and which pictures that spoils: those that build on them, or stand where they would be."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Final

from app.domain.columns import marked
from app.domain.film import DISCARD, IS_KEY, LOST, NO_TIME, REORDERED, Film, Packets

_IS_LOST: Final = bytes(bool(flags & LOST) for flags in range(256))
_REGULAR: Final = 1.5
"""A step that is at most so many usual ones has no room for another picture, also where times are rounded."""


def losses_of(packets: Packets, *, at_the_end: bool, counted: bool) -> tuple[int, ...]:
    """Return the places behind which packets are missing: where the container is broken, unless no time is lacking.

    ``at_the_end`` says that it is broken behind the last packet too. Where times are ``counted`` none is ever lacking.
    """
    broken = marked(packets.flags.translate(_IS_LOST))
    lost = [place - 1 for place in broken if counted or not _is_regular(packets, place - 1)]
    return (*lost, *([len(packets) - 1] if at_the_end else []))


def _is_regular(packets: Packets, place: int) -> bool:
    """Return whether pictures come as regularly around a place as they do before and after it."""
    first, stop = max(0, place + 1 - 2 * REORDERED), place + 1 + 2 * REORDERED
    times = sorted(_times(packets, range(first, min(stop, len(packets)))))
    steps = [after - before for before, after in pairwise(times) if after > before]
    if not steps or NO_TIME in times:
        return False
    usual = median_low(steps)
    if place < 0:
        return 0 <= times[0] <= usual / 2
    longest = _REGULAR * usual
    before = min(_times(packets, range(max(0, place + 1 - REORDERED), place + 1)), default=times[0])
    after = max(_times(packets, range(place + 1, min(place + 1 + REORDERED, len(packets)))), default=times[-1])
    near = times[bisect_left(times, before) : bisect_left(times, after) + 1]
    return all(later - earlier <= longest for earlier, later in pairwise(near))


def _times(packets: Packets, places: range) -> Iterator[int]:
    return (packets.pts[place] for place in places if not packets.flags[place] & DISCARD)


def is_spoilt(film: Film, loss: int, kept: Sequence[tuple[int, int]]) -> bool:
    """Return whether any of the kept packets may lack what is missing behind ``loss``, or stand in its place.

    ``kept`` are ranges (first, last). Spoilt is what was on the screen when the loss came, all up to the next key
    picture, and what is shown before that though decoded after it. Where times are counted, all that comes later has a
    wrong one.
    """
    if film.counted and kept and kept[-1][1] > loss:
        return True
    if loss < 0:
        return bool(kept)
    return builds_on(film, _first_on_screen(film.packets, loss), loss, kept)


def builds_on(film: Film, first: int, last: int, kept: Sequence[tuple[int, int]]) -> bool:
    """Return whether any of the kept packets is one from ``first`` to ``last``, or may build on one of these."""
    flags, pts = film.packets.flags, film.packets.pts
    stop = last + 1 if film.intra_only else flags.translate(IS_KEY).find(1, last + 1)
    stop = len(flags) if stop < 0 else stop
    place = bisect_left(kept, stop, key=lambda span: span[0]) - 1  # The last that begins before.
    if place >= 0 and kept[place][1] >= first:
        return True
    if film.intra_only:
        return False
    leading = (i for i in range(stop + 1, min(stop + 1 + 2 * REORDERED, len(flags))) if pts[i] < pts[stop])
    return any(_is_kept(kept, index) for index in leading)


def _is_kept(kept: Sequence[tuple[int, int]], index: int) -> bool:
    place = bisect_left(kept, index + 1, key=lambda span: span[0]) - 1
    return place >= 0 and kept[place][1] >= index


def _first_on_screen(packets: Packets, loss: int) -> int:
    """Return the first packet whose picture is on the screen when, or after, a lost one could have come.

    Nothing that comes later in decoding order is shown before the decoding time that has been reached.
    """
    pts, reached = packets.pts, packets.dts[loss]
    near = range(max(0, loss + 1 - REORDERED), loss + 1)
    if reached == NO_TIME:
        return near.start
    there = max((pts[i] for i in near if pts[i] <= reached), default=NO_TIME)
    return min(i for i in near if pts[i] >= there)
