"""AVI: chunks of RIFF, with OpenDML's further RIFFs behind the first."""

import re
from typing import Final, NamedTuple

from app.infra.containers.reading import Reader, Structure

_HEADER: Final = 8
_LIST_HEADER: Final = 12
_INDEX_ENTRY: Final = 16
_INDEX_MAX: Final = 32 * 1024 * 1024  # The index of some six hours at 60 pictures a second with sound.
_INDEX: Final = re.compile(b"idx1")
_LIST: Final = b"LIST"
_ENDS: Final = frozenset({b"idx1", b"RIFF"})  # What follows the pictures where the length of their list is wrong.
_STREAMS_MAX: Final = 100  # Two digits of a chunk's name are its stream's number.


class _Streams(NamedTuple):
    """The number of streams, and what the chunks of the first with pictures are named."""

    number: int
    pictures: "re.Pattern[bytes]"


def structure(reader: Reader) -> Structure:
    """Return what the chunks say.

    The lengths of RIFFs count for nothing, since recorders often leave wrong ones. A list of pictures that reaches
    beyond the end of the file counts where no index follows it: the index is written last.
    """
    place, riffs = 0, 0
    index = pictures = False
    streams = _Streams(_STREAMS_MAX, re.compile(b"00d[bc]"))
    while reader.size - place >= _HEADER:
        head = reader.at(place, _LIST_HEADER)
        kind, size, form = head[:4], int.from_bytes(head[4:8], "little"), head[8:12]
        if kind == b"RIFF" and form in {b"AVI ", b"AVIX"}:
            if form == b"AVI " and riffs:
                return Structure(joined=True)
            riffs += 1
            index = False  # What follows the first RIFF has no such index.
            place += _LIST_HEADER
            continue
        end = place + _HEADER + size
        if kind == _LIST and form == b"hdrl":
            streams = _streams(reader, place + _LIST_HEADER, min(end, reader.size))
        elif kind == _LIST and form == b"movi":
            listed = size > 0 and end <= reader.size
            _look_at_chunks(reader, place + _LIST_HEADER, end if listed else reader.size, streams, listed=listed)
        if not _is_name(kind) and not pictures:
            _look_behind(reader, place, streams)
        # Padding or damage, or the length that a recorder could not go back to write.
        if not _is_name(kind) or (kind == _LIST and size == 0):
            return Structure()
        index = index or kind == b"idx1"
        pictures = pictures or (kind == _LIST and form == b"movi")
        if end > reader.size:
            whole = index or (pictures and kind != _LIST)
            whole = whole or (riffs == 1 and _index_at_the_end(reader, place + _LIST_HEADER))
            return Structure(cut_off=not whole)
        place = end + size % 2
    return Structure(cut_off=not pictures)


def _streams(reader: Reader, place: int, end: int) -> _Streams:
    """Return what the lists of the header say of the streams: their first chunk says of what kind each is."""
    kinds: list[bytes] = []
    while end - place >= _LIST_HEADER and len(kinds) < _STREAMS_MAX:
        head = reader.at(place, _LIST_HEADER)
        if head.startswith(_LIST) and head[8:] == b"strl":
            kinds.append(reader.at(place + _LIST_HEADER + _HEADER, 4))
        size = int.from_bytes(head[4:8], "little")
        place += _HEADER + size + size % 2
    number = kinds.index(b"vids") if b"vids" in kinds else 0
    return _Streams(len(kinds) or _STREAMS_MAX, re.compile(b"%02dd[bc]" % number))


def _look_behind(reader: Reader, place: int, streams: _Streams) -> None:
    """Note what is damaged where the chain is broken before the list of pictures was reached."""
    following = _next_picture(reader, place, reader.size, streams)
    if following is not None:
        reader.note_damage(place, following)
        _look_at_chunks(reader, following, reader.size, streams, listed=False)


def _look_at_chunks(reader: Reader, place: int, end: int, streams: _Streams, *, listed: bool) -> None:
    """Note where the chain of a list's chunks is broken; ``listed`` says that the list's own length is its end."""
    odd = 0
    while end - place >= _HEADER:
        seen = reader.at(place - 1, 1 + _HEADER)  # With the byte before: some writers do not fill up odd lengths.
        head = seen[1:]
        if not _is_chunk(head, streams) and odd and _is_chunk(seen[:_HEADER], streams):
            place, head = place - 1, seen[:_HEADER]
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind in _ENDS:
            break
        if listed and end < place + _HEADER + size <= reader.size and _is_chunk(head, streams):
            listed, end = False, reader.size  # The list's length is wrong, as where bytes were put in.
        if kind == _LIST:
            place, odd = place + _LIST_HEADER, 0
        elif _is_chunk(head, streams) and place + _HEADER + size <= end:
            odd = size % 2
            place += _HEADER + size + odd
        else:
            following = _next_picture(reader, place, end, streams)
            if following is not None or listed:
                reader.note_damage(place, end if following is None else following)
            place, odd = end if following is None else following, 0


def _is_chunk(head: bytes, streams: _Streams) -> bool:
    """Return whether what begins so can stand in a list of pictures: a stream's chunk or index, a list, or room."""
    kind = head[:4]
    if kind[:2].isdigit():
        return int(kind[:2]) < streams.number and kind[2:].isalnum()
    return kind in {_LIST, b"JUNK", *_ENDS} or (kind[:2] == b"ix" and kind[2:].isdigit())


def _next_picture(reader: Reader, place: int, end: int, streams: _Streams) -> int | None:
    """Return where the next picture's chunk begins that is followed by another chunk, None where there is none."""
    for found in reader.find(streams.pictures, place + 1, end):
        size = reader.number(found + 4, 4, little=True)
        behind = found + _HEADER + size
        if behind <= end and (
            behind + _HEADER > end or any(_is_chunk(reader.at(behind + odd, 4), streams) for odd in (size % 2, 0))
        ):
            return found
    return None


def _is_name(kind: bytes) -> bool:
    return all(0x20 <= c < 0x7F for c in kind)  # noqa: PLR2004 - printable ASCII


def _index_at_the_end(reader: Reader, start: int) -> bool:
    """Return whether the file ends with an index, although the list of pictures claims its place."""
    for found in reader.find(_INDEX, max(start, reader.size - _INDEX_MAX), reader.size):
        size = reader.number(found + 4, 4, little=True)
        if size and size % _INDEX_ENTRY == 0 and found + _HEADER + size <= reader.size:
            return True
    return False
