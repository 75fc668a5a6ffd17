"""Reads what the inspecting child tells, and makes the film's facts of it.

The child is confined but decodes strangers' bytes, so what it writes is checked like any other input. It writes
documents (four bytes of length, then JSON) and, between the first and the last, blocks of packets: four bytes that say
how many, their pts, dts and durations as columns of 64-bit integers, then a byte of flags each. A block of none ends
them. All numbers are in the machine's own byte order.
"""

import asyncio
import json
import math
import sys
from asyncio import IncompleteReadError, StreamReader
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, final

from pydantic import TypeAdapter

from app.domain.columns import lowest
from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import DISCARD, KEY, NO_TIME, NON_REFERENCE, OPEN, UNPROVEN, Film, Look, Packets, Stream, film_of
from app.domain.losses import losses_of
from app.infra.ffmpeg.budget import TimeBudget

_STREAM: Final = TypeAdapter(Stream)
_LOOK: Final = TypeAdapter(Look)
_UPRIGHT: Final = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
_LONGEST_NAME: Final = 64
_LONGEST_SIDE: Final = 2**20
_DOCUMENT_BYTES: Final = 1024 * 1024
_BLOCK: Final = 65_536
_WITHOUT_MARKS: Final = frozenset({"mpegts", "mpeg"})
_ALL: Final = range(256)
_IS_KEY: Final = bytes(bool(flags & KEY) for flags in _ALL)
_IS_SHOWN: Final = bytes(not flags & DISCARD for flags in _ALL)
_IS_UNPROVEN: Final = bytes(bool(flags & UNPROVEN) for flags in _ALL)
_REFERENCE: Final = bytes(flags & ~NON_REFERENCE for flags in _ALL)
_NO_KEY: Final = bytes(flags & ~KEY if flags & UNPROVEN else flags for flags in _ALL)
_NO_ENTRY: Final = bytes(flags | OPEN if flags & UNPROVEN else flags for flags in _ALL)
_ANOTHER_CLOCK: Final = 60
"""Seconds by which no sound of the film's own begins before it: that is of another programme."""
_NO_PRESENTATION_TIMES: Final = frozenset({"avi"})


_NONSENSE: Final = (
    IncompleteReadError,
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    ArithmeticError,
    RecursionError,
)


class BrokenInspection(Exception):
    """The child did not tell what it should: it was ended, or it was taken over."""


@final
@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found: ``film`` is None where no stream is one, or its codec is not decoded (``stream`` then names it).

    ``opened`` says whether a demuxer knew the file. ``broken`` says that the container could not be read to its end,
    ``incomplete`` that header and index both promise more packets than there are. ``distrust`` is why the marks of its
    key pictures cannot be built on, None where they can.
    """

    opened: bool
    stream: Stream | None = None
    film: Film | None = None
    broken: bool = False
    encrypted: bool = False
    incomplete: bool = False
    distrust: str | None = None


async def read_inspection(told: StreamReader, budget: TimeBudget, most_packets: int) -> Inspected:
    """Read all that the child tells.

    :raises BrokenInspection: where it ends too soon or says what makes no sense
    :raises ProcessingError: TOO_LONG, where the film has more than ``most_packets``
    """
    try:
        head = await _document(told, budget)
        if head["opened"] is not True:
            return Inspected(opened=False)
        streams = [_stream(entry) for entry in head["streams"]]
        packets = Packets(Fraction(1))
        while count := await _number(told, budget):
            if count > _BLOCK:
                raise BrokenInspection
            if len(packets) + count > most_packets:
                raise ProcessingError(FailureCode.TOO_LONG, f"This video has more than {most_packets} pictures.")
            for column in (packets.pts, packets.dts, packets.durations):
                column.frombytes(await budget.wait(told.readexactly(8 * count)))
            packets.flags += await budget.wait(told.readexactly(count))
        tail = await _document(told, budget)
        chosen = film_of(streams)
        if chosen is None or not tail:
            return Inspected(opened=True, stream=chosen, encrypted=bool(chosen and chosen.encrypted))
        # All packets are gone through, which takes a second where they are millions.
        return await asyncio.to_thread(_inspected, _name(head["container"]), streams, chosen, packets, tail)
    except _NONSENSE as error:
        raise BrokenInspection(repr(error)) from error


async def _number(told: StreamReader, budget: TimeBudget) -> int:
    return int.from_bytes(await budget.wait(told.readexactly(4)), sys.byteorder)


async def _document(told: StreamReader, budget: TimeBudget) -> dict[str, Any]:
    size = await _number(told, budget)
    if size > _DOCUMENT_BYTES:
        raise BrokenInspection
    found = json.loads(await budget.wait(told.readexactly(size)))
    if not isinstance(found, dict):
        raise BrokenInspection
    return found


def _stream(entry: dict[str, Any]) -> Stream:
    stream = _STREAM.validate_python({**entry, "start": None if entry["start"] is None else _ratio(entry["start"])})
    _name(stream.codec)
    _check_sides(stream.width, stream.height)
    return stream


def _ratio(value: Any) -> Fraction:
    """Return the fraction of two integers: of a text, however short, its number may fill the memory."""
    numerator, denominator = map(int, value)
    return Fraction(numerator, denominator)


def _name(value: object) -> str:
    """Return a library's name of something; what is none is not let further in."""
    text = str(value)
    if len(text) > _LONGEST_NAME or not all(c.isascii() and c.isprintable() for c in text):
        raise BrokenInspection
    return text


def _check_sides(*sides: int) -> None:
    if not all(0 <= side <= _LONGEST_SIDE for side in sides):
        raise BrokenInspection


def _inspected(
    container: str, streams: list[Stream], chosen: Stream, packets: Packets, tail: dict[str, Any]
) -> Inspected:
    packets.time_base = _ratio(tail["time_base"])
    if not 0 < packets.time_base < _LONGEST_SIDE or packets.time_base.denominator > 2**31:
        raise BrokenInspection
    if tail["layered"]:  # What no picture of its own layer needs, one of a higher layer may.
        packets.flags = packets.flags.translate(_REFERENCE)
    intra_only = bool(tail["intra_only"])
    counted = container in _NO_PRESENTATION_TIMES
    timeless = (counted and bool(tail["reorders"])) or bool(tail["packed"])
    declared, there = chosen.declared_packets or 0, len(packets) + int(tail["absent"])
    whole = counted and 0 < declared <= there  # What is broken there was something else.
    distrust = None if intra_only else _distrust(container, chosen.codec, packets)
    first_shown = None if tail["first_shown"] is None else int(tail["first_shown"])
    marked = container not in _WITHOUT_MARKS and not counted and 1 in packets.flags.translate(_IS_KEY)
    if tail["lost_its_mark"] and marked:
        packets.flags[0] |= KEY  # It is damaged, and no beginning that lacks what came before.
        first_shown = None
    rate = float(tail["rate"])
    look = _look(tail["look"], tail["margins"])
    film = Film(
        container=container,
        stream=chosen,
        look=look,
        packets=packets,
        origin=_origin(streams, chosen, packets, timeless=timeless),
        frames_per_second=rate if math.isfinite(rate) and rate > 0 else None,
        first_shown=first_shown,
        timeless=timeless,
        intra_only=intra_only,
        changes=_changes(look, tail, len(packets)),
        changes_lost=bool(tail["changes_lost"]),
        counted=counted,
        hashed=bool(tail["hashed"]),
        losses=() if whole else losses_of(packets, at_the_end=bool(tail["lost_at_the_end"]), counted=counted),
    )
    return Inspected(
        opened=True,
        stream=chosen,
        film=film,
        broken=bool(tail["broken"]),
        incomplete=counted and there < declared == int(tail["indexed"]),
        encrypted=chosen.encrypted or bool(tail["encrypted"]),
        distrust=distrust,
    )


def _look(facts: dict[str, Any], margins: Any) -> Look:
    shape = _ratio(facts["sample_aspect_ratio"])
    look = _LOOK.validate_python(
        {**facts, "sample_aspect_ratio": shape if shape > 0 else Fraction(1), "margins": margins}
    )
    matrix = _UPRIGHT if look.display_matrix is None else look.display_matrix
    if len(matrix) != len(_UPRIGHT) or not all(-(2**31) <= number < 2**31 for number in matrix):
        raise BrokenInspection
    _name(look.pixel_format)
    _check_sides(look.width, look.height, *look.margins)
    left, top, right, bottom = look.margins
    return look if left + right < look.width and top + bottom < look.height else replace(look, margins=(0, 0, 0, 0))


def _changes(before: Look, tail: dict[str, Any], packets: int) -> tuple[tuple[int, Look], ...]:
    """Return where the film's look changes. What a container cuts off is of pictures as large as the first."""
    changes: list[tuple[int, Look]] = []
    size, margins, place = (before.width, before.height), before.margins, 0
    for following, facts in tail["changes"]:
        if not place < int(following) < packets:
            raise BrokenInspection
        place = int(following)
        look = _look(facts, margins if (facts["width"], facts["height"]) == size else (0, 0, 0, 0))
        if look != before:
            changes.append((place, look))
        before = look
    return tuple(changes)


def _origin(streams: list[Stream], chosen: Stream, packets: Packets, *, timeless: bool) -> Fraction:
    """Return where the presentation starts: with the first of sound and picture.

    Sound that begins before zero is what its decoder needs to run in and is not heard: players start at zero then.
    """
    shown = None if timeless else lowest(packets.pts, but=NO_TIME, among=packets.flags.translate(_IS_SHOWN))
    earliest = lowest(packets.dts, but=NO_TIME) if shown is None else shown
    film = (earliest or 0) * packets.time_base
    sounds = [s.start for s in streams if s.kind == "audio" and s.start is not None and s.index != chosen.index]
    first = min([film, *(start for start in sounds if film - start < _ANOTHER_CLOCK)])
    return Fraction(0) if first < 0 <= film else first


def _distrust(container: str, codec: str, packets: Packets) -> str | None:
    """Return why a decoder must not be started at what is marked as a key picture, None where it may be.

    Demuxers also mark plain intra pictures, beyond which others may reach. Where the codec itself marks key pictures
    those alone count; where it does no more after the first, the plain ones are key pictures but no places to start.
    """
    flags = packets.flags
    if container not in _WITHOUT_MARKS and flags and flags[0] & UNPROVEN:
        # A film that begins so has a damaged first picture: it is no piece cut out of a longer one.
        flags[0] &= ~UNPROVEN
    marked = flags.translate(_IS_KEY).count(1)
    plain = marked - flags.translate(_IS_UNPROVEN).count(1) > 1
    packets.flags = flags.translate(_NO_KEY if plain else _NO_ENTRY)
    if codec not in _MARKS_ARE_READ and marked == len(packets) > 1:
        return "every packet is marked as a key picture"
    return None


_MARKS_ARE_READ: Final = frozenset(
    {"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vp8", "vvc", "av1", "vp9", "cfhd", "ffv1"}
)
"""Codecs whose own headers say what a key picture is, to us or to their parser, or that mostly have nothing else."""
