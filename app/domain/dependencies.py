"""Which packets a decoder needs for some pictures: each from its key picture up to it, without those nobody needs."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from app.domain.columns import marked, runs
from app.domain.film import IS_KEY, KEY, NON_REFERENCE, OPEN, SECOND, Film, Packets

_IS_SECOND: Final = bytes(bool(flags & SECOND) for flags in range(256))
_IS_ENTRY: Final = bytes(flags & (KEY | OPEN) == KEY for flags in range(256))


def needed(film: Film, wanted: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the ranges (first, last) of packets in decoding order that must be decoded for the wanted packets.

    ``wanted`` rises. A *leading* packet is shown before its key picture though decoded after it, and may need the
    group of pictures before (an open group); no other packet of the group needs a leading one.
    """
    packets = film.packets
    kept = bytearray(len(packets))
    if not film.intra_only:
        keys = _entries(packets)
        for group, members in groupby(wanted, key=lambda place: bisect_right(keys, place) - 1):
            _keep_group(packets, keys, group, list(members), kept)
    for place in wanted:
        kept[place] = 1
    _complete(packets, kept)
    return tuple(runs(kept))


def _complete(packets: Packets, kept: bytearray) -> None:
    """Keep the second field of each picture whose first one is kept, and only of those."""
    for place in marked(packets.flags.translate(_IS_SECOND)):
        if place:
            kept[place] = kept[place - 1]


def _entries(packets: Packets) -> "array[int]":
    """Return the places at which a decoder can start: the first key picture, and all that leave nothing open."""
    first = packets.flags.translate(IS_KEY).find(1)
    entries = marked(packets.flags.translate(_IS_ENTRY))
    return entries if first < 0 or first in entries[:1] else array("q", [first, *entries])


def _keep_group(packets: Packets, keys: Sequence[int], group: int, members: Sequence[int], kept: bytearray) -> None:
    """Keep what the wanted members of one group need."""
    key = keys[group]
    start = packets.pts[key]
    kept[key] = 1  # A decoder begins with nothing else, whatever the marks say.
    _keep_references(packets, range(key, members[-1]), kept, start)
    leading = [place for place in members if packets.pts[place] < start]
    if leading:
        for place in range(key, leading[-1]):
            if not packets.flags[place] & NON_REFERENCE and packets.pts[place] < start:
                kept[place] = 1
        if group:
            before = keys[group - 1]
            kept[before] = 1
            _keep_references(packets, range(before, key), kept, packets.pts[before])


def _keep_references(packets: Packets, places: range, kept: bytearray, start: int) -> None:
    pts, flags = packets.pts, packets.flags
    for place in places:
        if not flags[place] & NON_REFERENCE and pts[place] >= start:
            kept[place] = 1
