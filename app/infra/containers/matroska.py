"""Matroska and WebM: elements of EBML (RFC 8794) as RFC 9559 names them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple, final

from app.infra.containers.reading import Reader, Structure

_EBML: Final = 0x1A45DFA3
SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
TRACKS: Final = 0x1654AE6B
TRACK: Final = 0xAE
_TRACK_TYPE: Final = 0x83
_TRACK_NUMBER: Final = 0xD7
VIDEO: Final = 1
# SeekHead, Info, Tracks, Cluster, Cues, Chapters, Tags, Attachments, Void, CRC-32: what a Segment has.
_IN_SEGMENT: Final = frozenset(
    {0x114D9B74, 0x1549A966, TRACKS, _CLUSTER, 0x1C53BB6B, 0x1043A770, 0x1254C367, 0x1941A469, 0xEC, 0xBF}
)
# Where a chain goes on that was broken; a pattern that is a plain text is found fast.
_RESUMED: Final = (re.compile(rb"\x1f\x43\xb6\x75"), re.compile(rb"\x1c\x53\xbb\x6b"))  # Cluster, Cues.
_RUN: Final = re.compile(rb"\xa3")
_RUN_LENGTH: Final = 3
_SIMPLE_BLOCK: Final = 0xA3
_BLOCK_GROUP: Final = 0xA0
_BLOCKS: Final = frozenset({_SIMPLE_BLOCK, _BLOCK_GROUP})
_BLOCK: Final = 0xA1
# And Timestamp, Position, PrevSize, Void, CRC-32. What RFC 9559 reclaims no writer writes: here it is a sign of damage.
_IN_CLUSTER: Final = frozenset({_SIMPLE_BLOCK, _BLOCK_GROUP, 0xE7, 0xA7, 0xAB, 0xEC, 0xBF})
_IN_GROUP: Final = frozenset({0x75, 0x9B, 0xFA, 0xFB, 0xA4, 0xEC, 0xBF})  # How what may precede a Block begins.
_LONG_NUMBER: Final = 0x80
_SIZE_LENGTHS: Final = tuple(9 - byte.bit_length() for byte in range(256))
_SIZE_MASKS: Final = tuple((1 << 7 * length) - 1 for length in range(10))
_ENCRYPTION_PATH: Final = (0x6D80, 0x6240, 0x5035)  # ContentEncodings, ContentEncoding, ContentEncryption.
_HEADER: Final = 12  # Four bytes of an ID, eight of a size.
_BLOCK_HEAD: Final = 32  # At least what stands before a block's content, also where it is in a group.
_LONGEST_ID: Final = 4
_LONGEST_SIZE: Final = 8


class Element(NamedTuple):
    """Where what is in an element begins, and where it says that it ends."""

    id: int
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
    return Element(int.from_bytes(head[:id_length]), start + body, None if unknown else start + body + size)


def children(reader: Reader, start: int, end: int) -> Iterator[Element]:
    """Yield the elements of a master whose length is known, up to one that has none."""
    while child := _element(reader, start, end):
        yield child
        if child.end is None:
            return
        start = child.end


def value(reader: Reader, element: Element) -> int:
    """Return the number that an element holds."""
    return reader.number(element.body, min((element.end or element.body) - element.body, 8))


def within(reader: Reader, start: int, end: int, kind: int, *inner: int) -> Iterator[Element]:
    """Yield the elements of a kind that stand there, or at the end of a path of elements within each other."""
    for child in children(reader, start, min(end, reader.size)):
        if child.id == kind:
            yield from within(reader, child.body, child.end or end, *inner) if inner else (child,)


def type_of(reader: Reader, track: Element) -> int:
    """Return of what type a track is, 0 where it does not say so."""
    told = next(within(reader, track.body, track.end or track.body, _TRACK_TYPE), None)
    return 0 if told is None else value(reader, told)


def structure(reader: Reader) -> Structure:
    """Return what the elements say."""
    place, found = 0, Structure()
    for segments in range(3):
        header = _element(reader, place, reader.size)
        if not header or header.id != _EBML or header.end is None:
            break  # What follows the last Segment is none of Matroska's.
        if segments:
            return replace(found, joined=True)
        segment = _segment(reader, header.end)
        if not segment:
            return Structure(cut_off=True)
        found = _Walk(reader, segment).structure()
        if segment.end is None or found.cut_off:
            break
        place = segment.end
    return found


def _segment(reader: Reader, start: int) -> Element | None:
    """Return the Segment, which may stand behind a Void."""
    for found in children(reader, start, reader.size):
        if found.id == SEGMENT:
            return found
        if found.id not in {0xEC, 0xBF}:
            break
    return None


@final
class _Walk:
    """Goes through a Segment, whose length may be unknown, as browsers and broken recordings have it.

    Where the chain of elements is broken it goes on at the next Cluster, as demuxers do.
    """

    def __init__(self, reader: Reader, segment: Element) -> None:
        self._reader = reader
        self._body = segment.body
        self._promised = segment.end
        self._end = reader.size if segment.end is None else min(segment.end, reader.size)
        self._tracks = frozenset[int]()
        self._found = Structure(cut_off=segment.end is not None and segment.end > reader.size)

    def structure(self) -> Structure:
        """Return what was met."""
        place: int | None = self._body
        while place is not None and place < self._end:
            found = _element(self._reader, place, self._end)
            if found and self._promised is None and found.id in {_EBML, SEGMENT}:
                self._found = replace(self._found, joined=True)
                break
            if found is None or not self._fits(found):
                place = self._broken(place)
            elif found.id == _CLUSTER:
                place = self._cluster(found)
            else:
                if found.id == TRACKS:
                    self._read_tracks(found.body, min(found.end or 0, self._end))
                place = found.end
        return self._found

    def _fits(self, found: Element) -> bool:
        """Return whether it is an element of a Segment; a Cluster may be cut off, which its blocks tell."""
        if found.id == _CLUSTER:
            return True
        return found.id in _IN_SEGMENT and found.end is not None and found.end <= self._end

    def _cluster(self, cluster: Element) -> int | None:
        """Return where to go on behind a Cluster, None where nothing can be told any more."""
        stop = self._end if cluster.end is None else min(cluster.end, self._end)
        place = self._blocks(cluster.body, stop)
        if place == stop and (cluster.end is None or cluster.end == stop):
            return place
        if cluster.end is None:
            found = _element(self._reader, place, self._end)
            if found and (found.id in _IN_SEGMENT or found.id in {_EBML, SEGMENT}):
                return place
        return self._broken(place)

    def _blocks(self, place: int, stop: int) -> int:
        """Return where the chain of a Cluster's elements ends, which is at ``stop`` where none of them is broken.

        A film has many: they are looked at in as few steps as can be.
        """
        reader, tracks = self._reader, self._tracks
        while place < stop:
            head = reader.at(place, _BLOCK_HEAD)
            if len(head) < 2 or head[0] not in _IN_CLUSTER:  # noqa: PLR2004 - an ID and a size
                break
            body = 1 + _SIZE_LENGTHS[head[1]]
            end = place + body + (int.from_bytes(head[1:body]) & _SIZE_MASKS[body - 1])
            if body > _HEADER or end > stop:
                break
            if tracks and not _is_of(tracks, head, body):
                reader.note_damage(place, end)
            place = end
        return place

    def _broken(self, place: int) -> int | None:
        """Return where to go on behind a break, None where nothing can be told any more."""
        following = self._following(place)
        if following is not None:
            self._reader.note_damage(place, following)
            return following
        if self._found.cut_off:
            return None
        if self._promised is not None:
            self._reader.note_damage(place, self._end)
            return None
        if any(self._is_a_run(block) for block in self._reader.find(_RUN, place + 1, self._end)):
            self._reader.note_damage(place, self._end)  # Blocks that no demuxer finds without their Cluster.
            return None
        found = _element(self._reader, place, self._end)
        known = found is not None and (found.id in _IN_CLUSTER or found.id in _IN_SEGMENT)
        reaches_beyond = found is not None and known and found.end is not None and found.end > self._end
        # Where less than a header is left, the rest of it was cut off.
        if reaches_beyond or (found is None and self._end - place < _HEADER):
            self._found = replace(self._found, cut_off=True)
        return None  # Padding, or damage behind which nothing can be told.

    def _is_a_run(self, place: int) -> bool:
        """Return whether blocks of the film's tracks follow one another here."""
        for _ in range(_RUN_LENGTH):
            head = self._reader.at(place, _BLOCK_HEAD)
            block = _element(self._reader, place, self._end)
            if block is None or block.id not in _BLOCKS or block.end is None or block.end > self._end:
                return False
            if not _is_of(self._tracks, head, block.body - place):
                return False
            place = block.end
        return True

    def _following(self, place: int) -> int | None:
        """Return where the next Cluster begins, or what stands behind the last one; None where nothing follows."""
        for pattern in _RESUMED:
            for following in self._reader.find(pattern, place, self._end):
                found = _element(self._reader, following, self._end)
                if not found or not self._fits(found):
                    continue
                if found.id != _CLUSTER or self._reader.number(found.body, 1) in _IN_CLUSTER:
                    return following
        return None

    def _read_tracks(self, start: int, end: int) -> None:
        reader = self._reader
        tracks = list(within(reader, start, end, TRACK))
        numbers = [value(reader, number) for number in within(reader, start, end, TRACK, _TRACK_NUMBER)]
        # Of larger numbers, which no film has, nothing is checked.
        if len(numbers) == len(tracks) and all(number < _LONG_NUMBER for number in numbers):
            self._tracks = frozenset(number | _LONG_NUMBER for number in numbers)
        films = [track for track in tracks if type_of(reader, track) in {0, VIDEO}]
        if any(any(within(reader, film.body, film.end or end, *_ENCRYPTION_PATH)) for film in films):
            self._found = replace(self._found, encrypted=True)


def _is_of(tracks: frozenset[int], head: bytes, body: int) -> bool:
    """Return whether an element of a Cluster, if it is a block, is that of a track; else no demuxer shows it."""
    if head[0] == _SIMPLE_BLOCK:
        return head[body] in tracks
    if head[0] == _BLOCK_GROUP and head[body] == _BLOCK and len(head) > body + 1:
        within = body + 1 + _SIZE_LENGTHS[head[body + 1]]
        return within < len(head) and head[within] in tracks
    return head[0] != _BLOCK_GROUP or head[body] in _IN_GROUP
