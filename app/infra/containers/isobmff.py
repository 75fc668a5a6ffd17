"""MP4, MOV and 3GP: boxes of ISO/IEC 14496-12, QuickTime's atoms among them."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from app.infra.containers.reading import Reader, Structure

# Only a known box is believed to be cut off: what editors and phones append to a film need be no box at all.
_TOP: Final = frozenset(
    {
        b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"ssix", b"free", b"skip", b"wide", b"pnot",
        b"meta", b"uuid", b"udta", b"emsg", b"prft", b"pdin", b"PICT", b"imda",
    }
)  # fmt: skip
_FRAGMENT: Final = re.compile(rb"(?s)moof(?=.{4}mfhd)")
_ENCRYPTED: Final = frozenset({b"encv", b"drmi"})  # ISO/IEC 14496-12, 8.12, and FairPlay's.
_ENTRIES_MAX: Final = 64
_LONG: Final = 1  # A 64-bit size follows.
_SHORT_HEADER: Final = 8
_LONG_HEADER: Final = 16


class Box(NamedTuple):
    """Where what is in a box begins, and where it says that it ends."""

    kind: bytes
    body: int
    end: int


def boxes(reader: Reader, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes that stand from ``start`` on; the last may reach beyond ``end``. Stops at what is no box."""
    while end - start >= _SHORT_HEADER:
        head = reader.at(start, _LONG_HEADER)
        size, kind, body = int.from_bytes(head[:4]), head[4:8], start + _SHORT_HEADER
        if size == _LONG:
            size, body = int.from_bytes(head[8:16]), start + _LONG_HEADER
        elif size == 0:
            size = end - start  # To the end of what it stands in.
        if size < body - start:
            return
        yield Box(kind, body, start + size)
        start += size


def within(reader: Reader, start: int, end: int, kind: bytes, *inner: bytes) -> Iterator[Box]:
    """Yield the boxes of a kind that stand there, or at the end of a path of boxes within each other."""
    for box in boxes(reader, start, min(end, reader.size)):
        if box.kind == kind:
            yield from within(reader, box.body, box.end, *inner) if inner else (box,)


def sample_entries(reader: Reader, track: Box) -> Iterator[Box]:
    """Yield what says how a track's samples are coded, behind version, flags and a count (8.5.2)."""
    for box in within(reader, track.body, track.end, b"mdia", b"minf", b"stbl", b"stsd"):
        yield from islice(boxes(reader, box.body + 8, min(box.end, reader.size)), _ENTRIES_MAX)


def structure(reader: Reader) -> Structure:
    """Return what the boxes say."""
    seen: set[bytes] = set()
    place = 0
    cut_off = joined = encrypted = False
    for box in boxes(reader, 0, reader.size):
        if box.kind not in _TOP and box.end >= reader.size:
            break
        place = box.end
        cut_off = cut_off or box.end > reader.size
        if box.kind == b"moov":
            joined = joined or b"moov" in seen
            tracks = within(reader, box.body, box.end, b"trak")
            described = (entry.kind for track in tracks for entry in sample_entries(reader, track))
            encrypted = encrypted or not _ENCRYPTED.isdisjoint(described)
        seen.add(box.kind)
    # A recorder that broke off has no index yet. A picture (HEIF) has no moov either, but meta.
    if b"moov" not in seen and seen & {b"ftyp", b"mdat"} and b"meta" not in seen:
        cut_off = True
    # The beginning of one more fragment's header; other bytes are what some program left behind.
    rest = reader.at(place, _SHORT_HEADER) if b"moof" in seen else b""
    if rest.startswith(b"\x00") and len(rest) < _SHORT_HEADER and any(rest):
        cut_off = True
    if b"moof" in seen and not cut_off:
        following = next(reader.find(_FRAGMENT, place, reader.size), None)  # Behind bytes that are no box.
        if following is not None:
            reader.note_damage(place, following - 4)
    return Structure(cut_off, joined, encrypted)
