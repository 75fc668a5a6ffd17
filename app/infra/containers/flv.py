"""Flash Video: tags, each followed by its length (Adobe Flash Video File Format Specification 10.1, annex E)."""

from typing import Final

from app.infra.containers.reading import Reader, Structure

_TAG_HEADER: Final = 11
_LENGTH: Final = 4
_FILTERED: Final = 0x20  # Annex F: the tag's content is encrypted.
_KIND: Final = 0x1F
_KINDS: Final = frozenset({8, 9, 18})  # Sound, video, data.
_VIDEO: Final = 9


def structure(reader: Reader) -> Structure:
    """Return what the tags say."""
    place = reader.number(5, 4) + _LENGTH
    encrypted = False
    while place < reader.size:
        head = reader.at(place, _TAG_HEADER)
        if head.startswith(b"FLV\x01"):
            return Structure(joined=True, encrypted=encrypted)
        if head[0] & _KIND not in _KINDS:
            break  # Padding or damage.
        if len(head) < _TAG_HEADER:
            return Structure(cut_off=True, encrypted=encrypted)
        encrypted = encrypted or head[0] == _FILTERED | _VIDEO
        end = place + _TAG_HEADER + int.from_bytes(head[1:4])
        place = end + _LENGTH
        if place > reader.size != end:  # Some writers leave out the last tag's length behind it.
            return Structure(cut_off=True, encrypted=encrypted, promised_bytes=place)
    return Structure(encrypted=encrypted)
