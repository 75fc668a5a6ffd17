"""Whether packets of a transport stream are missing: those of each stream are counted (ISO/IEC 13818-1, 2.4.3.3).

All packets are looked at, but never one by one in Python: a recording of gigabytes has millions.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Final, NamedTuple

from app.infra.containers.reading import Reader

SYNC: Final = b"\x47"
_PACKETS: Final = 8192
_PAT: Final = b"\x40\0\x10"  # The first packet of a program association table, counted as the first of all.
_TABLES: Final = 8  # So many packets of tables a multiplexer may begin with.
_PAYLOAD: Final = bytes(byte >> 4 & 1 for byte in range(256))
_COUNTER: Final = bytes(byte & 15 for byte in range(256))
_FOLLOWING: Final = bytes((byte & 15) + 1 & 15 for byte in range(256))
_ADAPTED: Final = 0x20
_DISCONTINUITY: Final = 0x80
_LENGTH: Final = 188
_TIMED: Final = 12  # Before it a time may stand that is another the second time.
_RESYNC: Final = 1024 * 1024


class Continuity(NamedTuple):
    """Where the chain of packets is broken; ``appended`` says that a recording begins at one of these places."""

    breaks: Sequence[tuple[int, int]]
    appended: bool


def continuity(reader: Reader, first: int, length: int, streams: frozenset[int]) -> Continuity:
    """Return where packets of ``streams`` are missing, or none stand at all; the first stands at ``first``."""
    breaks: list[tuple[int, int]] = []
    appended = False
    last: dict[int, int] = {}
    place = first
    while place + length <= reader.size:
        piece = reader.at(place, min(_PACKETS * length, reader.size - place) // length * length)
        synced = piece[::length]
        good = len(synced) - len(synced.lstrip(SYNC))
        piece = piece[: good * length]
        for stream in streams:
            for number in _interruptions(piece, length, stream, last):
                at = place + number * length
                breaks.append((at, at))
                appended = appended or _begins_anew(reader, at, length)
        place += good * length
        if good < len(synced):
            following = _resynced(reader, place, length)
            if following is None:
                break
            breaks.append((place, following))
            place = following
    return Continuity(sorted(breaks), appended)


def _interruptions(piece: bytes, length: int, stream: int, last: dict[int, int]) -> Iterator[int]:
    """Return the numbers of the stream's packets that do not follow the one before, and keep the last one's counter."""
    control = piece[3::length]
    high = piece[1::length].translate(bytes(byte & 0x1F == stream >> 8 for byte in range(256)))
    low = piece[2::length].translate(bytes(byte == stream & 0xFF for byte in range(256)))
    mask = int.from_bytes(high) & int.from_bytes(low) & int.from_bytes(control.translate(_PAYLOAD))
    mine = mask.to_bytes(len(control))
    counters = bytes(compress(control, mine)).translate(_COUNTER)
    if not counters:
        return
    before = bytes([last.get(stream, counters[0] - 1 & 15)]) + counters[:-1]
    last[stream] = counters[-1]
    if before.translate(_FOLLOWING) == counters:
        return
    previous = None
    for number, known, counter in zip(compress(range(len(control)), mine), before, counters, strict=True):
        place = number * length
        follows = counter == known + 1 & 15 or (counter == known and _is_the_same(piece, previous, place))
        if not follows and not _is_announced(piece, place):
            yield number
        previous = place


def _is_the_same(piece: bytes, one: int | None, other: int) -> bool:
    """Return whether a packet was sent twice, as may be; of the one before the first nothing is known here."""
    return one is None or piece[one + _TIMED : one + _LENGTH] == piece[other + _TIMED : other + _LENGTH]


def _is_announced(piece: bytes, place: int) -> bool:
    """Return whether a packet says that it does not follow the one before (2.4.3.5)."""
    head = piece[place : place + 6]
    return bool(head[3] & _ADAPTED and head[4] and head[5] & _DISCONTINUITY)


def _begins_anew(reader: Reader, place: int, length: int) -> bool:
    """Return whether a multiplexer begins here: this packet is counted as the first, and so are tables before it."""
    if reader.at(place, 4)[3] & 15:
        return False
    start = max(0, place - _TABLES * length)
    tables = reader.at(start, place - start)
    return any(tables[i + 1 : i + 4] == _PAT for i in range((place - start) % length, len(tables) - 3, length))


def _resynced(reader: Reader, place: int, length: int) -> int | None:
    """Return where packets go on, three of them in a row, None where none do."""
    three = re.compile(b"%b(?=.{%d}%b.{%d}%b)" % (SYNC, length - 1, SYNC, length - 1, SYNC), re.DOTALL)
    for start in range(place, reader.size, _RESYNC):
        found = three.search(reader.at(start, _RESYNC + 2 * length + 1))
        if found and found.start() < _RESYNC:
            return start + found.start()
    return None
