"""Matroska and WebM: elements of EBML (RFC 8794) as RFC 9559 names them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from app.infra.containers.reading import Reader, Structure

_EBML: Final = 0x1A45DFA3
_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_TRACKS: Final = 0x1654AE6B
_TRACK: Final = 0xAE
_TRACK_TYPE: Final = 0x83
_VIDEO: Final = 1
# SeekHead, Info, Tracks, Cluster, Cues, Chapters, Tags, Attachments, Void, CRC-32: what a Segment has.
_IN_SEGMENT: Final = frozenset(
    {0x114D9B74, 0x1549A966, _TRACKS, _CLUSTER, 0x1C53BB6B, 0x1043A770, 0x1254C367, 0x1941A469, 0xEC, 0xBF}
)
# Timestamp, SimpleBlock, BlockGroup, PrevSize, Position, SilentTracks, EncryptedBlock, BlockVirtual, Void, CRC-32.
_IN_CLUSTER: Final = frozenset({0xE7, 0xA3, 0xA0, 0xAB, 0xA7, 0x5854, 0xAF, 0xA2, 0xEC, 0xBF})
_ENCRYPTION_PATH: Final = (0x6D80, 0x6240, 0x5035)  # ContentEncodings, ContentEncoding, ContentEncryption.
_HEADER: Final = 12  # Four bytes of an ID, eight of a size.
_LONGEST_ID: Final = 4
_LONGEST_SIZE: Final = 8


class Element(NamedTuple):
    """Where an element and what is in it begin, and where it says that it ends."""

    id: int
    start: int
    body: int
    end: int | None  # None: the size is unknown, as live recorders leave it.


def _element(reader: Reader, start: int, end: int) -> Element | None:
    """Return the element that begins here, None where there is none."""
    head = reader.at(start, _HEADER)
    if not head or start >= end:
        return None
    id_length = 9 - head[0].bit_length()
    if id_length > min(_LONGEST_ID, len(head) - 1):
        return None
    size_length = 9 - head[id_length].bit_length()
    body = id_length + size_length
    if size_length > _LONGEST_SIZE or body > len(head):
        return None
    size = int.from_bytes(head[id_length:body]) & ((1 << 7 * size_length) - 1)
    unknown = size == (1 << 7 * size_length) - 1
    return Element(int.from_bytes(head[:id_length]), start, start + body, None if unknown else start + body + size)


def children(reader: Reader, start: int, end: int) -> Iterator[Element]:
    """Give the elements of a master whose length is known, up to one that has none."""
    while child := _element(reader, start, end):
        yield child
        if child.end is None:
            return
        start = child.end


def structure(reader: Reader) -> Structure:
    """Return what the elements say."""
    place, encrypted = 0, False
    for segments in range(3):
        header = _element(reader, place, reader.size)
        if not header or header.id != _EBML or header.end is None:
            break  # What follows the last Segment is none of Matroska's.
        if segments:
            return Structure(joined=True, encrypted=encrypted)
        segment = _segment(reader, header.end)
        if not segment:
            return Structure(cut_off=True)
        if segment.end is None:
            return _live(reader, segment.body)
        encrypted = _encrypted_segment(reader, segment.body, min(segment.end, reader.size))
        if segment.end > reader.size:
            return Structure(cut_off=True, encrypted=encrypted, promised_bytes=segment.end)
        place = segment.end
    return Structure(encrypted=encrypted)


def _segment(reader: Reader, start: int) -> Element | None:
    """Return the Segment, which may stand behind a Void."""
    for found in children(reader, start, reader.size):
        if found.id == _SEGMENT:
            return found
        if found.id not in {0xEC, 0xBF}:
            break
    return None


def _encrypted_segment(reader: Reader, start: int, end: int) -> bool:
    for child in children(reader, start, end):
        if child.end is None:
            return False
        if child.id == _TRACKS:
            return _encrypted_tracks(reader, child.body, min(child.end, end))
    return False


def _encrypted_tracks(reader: Reader, start: int, end: int) -> bool:
    for track in children(reader, start, end):
        if track.id == _TRACK and track.end is not None:
            inside = min(track.end, end)
            kinds = [c for c in children(reader, track.body, inside) if c.id == _TRACK_TYPE and c.end]
            if kinds and reader.number(kinds[0].body, min((kinds[0].end or 0) - kinds[0].body, 8)) != _VIDEO:
                continue
            if _holds(reader, track.body, inside, _ENCRYPTION_PATH):
                return True
    return False


def _holds(reader: Reader, start: int, end: int, path: tuple[int, ...]) -> bool:
    return any(
        child.id == path[0]
        and child.end is not None
        and (len(path) == 1 or _holds(reader, child.body, min(child.end, end), path[1:]))
        for child in children(reader, start, end)
    )


def _live(reader: Reader, place: int) -> Structure:
    """Walk a Segment of unknown length, as browsers and broken recordings have it, to where the file ends."""
    encrypted = within_cluster = False
    while place < reader.size:
        found = _element(reader, place, reader.size)
        if found is None:
            # Less than a header is left: the rest of it was cut off. Else this is damage, and no question of length.
            return Structure(cut_off=reader.size - place < _HEADER, encrypted=encrypted)
        if found.id in {_EBML, _SEGMENT}:
            return Structure(joined=True, encrypted=encrypted)
        if found.id in _IN_SEGMENT:
            within_cluster = found.id == _CLUSTER and found.end is None
        elif not within_cluster or found.id not in _IN_CLUSTER:
            return Structure(encrypted=encrypted)
        if found.end is None:
            if not within_cluster:
                return Structure(encrypted=encrypted)
            place = found.body
            continue
        if found.id == _TRACKS:
            encrypted = _encrypted_tracks(reader, found.body, min(found.end, reader.size))
        if found.end > reader.size:
            return Structure(cut_off=True, encrypted=encrypted, promised_bytes=found.end)
        place = found.end
    return Structure(encrypted=encrypted)
