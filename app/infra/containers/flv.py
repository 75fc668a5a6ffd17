"""Flash Video: tags, each followed by its length (Adobe Flash Video File Format Specification 10.1, annex E)."""

import re
from typing import Final

from app.infra.containers.reading import Reader, Structure

_TAG_HEADER: Final = 11
_LENGTH: Final = 4
_FILTERED: Final = 0x20  # Annex F: the tag's content is encrypted.
_KIND: Final = 0x1F
_VIDEO: Final = 9
_KINDS: Final = frozenset({8, _VIDEO, 18})  # Sound, video, data.
_TAG: Final = re.compile(rb"(?s)\x09(?=.{7}\0\0\0)")  # A video tag, whose header ends with zeros.
_FILE: Final = b"FLV\x01"


def structure(reader: Reader) -> Structure:
    """Return what the tags say."""
    place = tag = reader.number(5, 4) + _LENGTH
    length = 0
    encrypted = proven = False  # Whether the lengths behind the tags can be built on: some writers leave them out.
    while place < reader.size:
        head = reader.at(place - _LENGTH, _LENGTH + _TAG_HEADER)
        told, kind = int.from_bytes(head[:_LENGTH]), head[_LENGTH]
        misplaced = proven and told != length  # Then what stands before is not the tag that began there.
        if misplaced or kind & _KIND not in _KINDS:
            if head[_LENGTH:].startswith(_FILE):
                return Structure(joined=True, encrypted=encrypted)
            following = _next_tag(reader, tag + 1 if misplaced else place)
            if following is None and not misplaced:  # Padding, or damage behind which nothing can be told.
                break
            place = _lost(reader, tag + 1 if misplaced else place, following)
            proven = False  # What stands before it is unknown.
            continue
        if len(head) < _LENGTH + _TAG_HEADER:
            return Structure(cut_off=True, encrypted=encrypted)
        proven = proven or told == length > 0
        encrypted = encrypted or kind == _FILTERED | _VIDEO
        tag, length = place, _TAG_HEADER + int.from_bytes(head[5:8])
        place += length + _LENGTH
        if place > reader.size != place - _LENGTH:  # Some writers leave out the last tag's length behind it.
            following = _next_tag(reader, tag + 1) if proven else None
            if following is None:
                return Structure(cut_off=True, encrypted=encrypted)
            place, proven = _lost(reader, tag + 1, following), False
    return Structure(encrypted=encrypted)


def _lost(reader: Reader, start: int, following: int | None) -> int:
    stop = reader.size if following is None else following
    reader.note_damage(start, stop)
    return stop


def _next_tag(reader: Reader, place: int) -> int | None:
    """Return where the next video tag begins that has its length behind it, None where there is none."""
    for found in reader.find(_TAG, place, reader.size):
        length = _TAG_HEADER + reader.number(found + 1, 3)
        if reader.number(found + length, _LENGTH) == length:
            return found
    return None
