"""Ogg: pages (RFC 3533, section 6)."""

import re
import zlib
from typing import Final, NamedTuple, final

from app.infra.containers.reading import Reader, Structure

_HEADER: Final = 27
_LONGEST_TABLE: Final = 255
_CAPTURE: Final = b"OggS\x00"
_PAGE: Final = re.compile(re.escape(_CAPTURE))
_FIRST: Final = 2  # The flag of a stream's first page.
_LAST: Final = 4
_CHECK: Final = slice(22, 26)
_PICTURES: Final = (b"\x80theora", b"\x01video\0", b"BBCD", b"OVP80", b"fishead")
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ONES: Final = 0xFFFFFFFF


class _Page(NamedTuple):
    start: int
    end: int
    flags: int
    stream: int
    number: int


def structure(reader: Reader) -> Structure:
    """Return what the pages say: streams may begin together only, so one that begins later is another film."""
    return _Walk(reader).structure()


@final
class _Walk:
    """Goes from page to page; where the chain is broken it goes on at the next whole page, as demuxers do."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._numbers: dict[int, int] = {}
        self._checked: set[int] = set()
        self._begun = self._ended = False

    def structure(self) -> Structure:
        """Return what was met."""
        reader, place = self._reader, 0
        while place < reader.size:
            head = reader.at(place, _HEADER + _LONGEST_TABLE)
            page = _page(place, head)
            if page is None or page.end > reader.size:
                following = self._following(place + 1)
                if following is None:
                    return self._tail(place, head, page)
                reader.note_damage(place, following)
                place = following
                continue
            if page.flags & _FIRST and self._begun:
                return Structure(joined=True)
            self._begun = self._begun or not page.flags & _FIRST
            self._look_at(page, head)
            place = page.end
        return Structure()

    def _tail(self, place: int, head: bytes, page: _Page | None) -> Structure:
        if page or _CAPTURE.startswith(head[: len(_CAPTURE)]):
            return Structure(cut_off=True)
        if not self._ended:  # Else it is padding.
            self._reader.note_damage(place, self._reader.size)
        return Structure()

    def _look_at(self, page: _Page, head: bytes) -> None:
        """Note where pages are missing between two of a stream, and pictures' pages whose bytes are not their own."""
        if page.flags & _FIRST and head[_HEADER + head[26] :].startswith(_PICTURES):
            self._checked.add(page.stream)
        self._ended = self._ended or bool(page.flags & _LAST)
        before = self._numbers.get(page.stream)
        self._numbers[page.stream] = page.number
        if page.stream in self._checked and not _is_whole(self._reader, page):
            self._reader.note_damage(page.start, page.end)
        elif before is not None and page.number != (before + 1) & _ONES:
            self._reader.note_damage(page.start, page.start)

    def _following(self, place: int) -> int | None:
        """Return where the next whole page begins, None where none follows."""
        for found in self._reader.find(_PAGE, place, self._reader.size):
            page = _page(found, self._reader.at(found, _HEADER + _LONGEST_TABLE))
            if page and page.end <= self._reader.size and _is_whole(self._reader, page):
                return found
        return None


def _page(place: int, head: bytes) -> _Page | None:
    """Return the page that begins here, None where none does or its header is not all there."""
    if not head.startswith(_CAPTURE) or len(head) < _HEADER or len(head) < _HEADER + head[26]:
        return None
    table = head[_HEADER : _HEADER + head[26]]
    return _Page(
        place,
        place + _HEADER + len(table) + sum(table),
        head[5],
        int.from_bytes(head[14:18], "little"),
        int.from_bytes(head[18:22], "little"),
    )


def _is_whole(reader: Reader, page: _Page) -> bool:
    """Return whether a page's bytes give its checksum, which begins at zero and takes each byte's highest bit first.

    The one of zlib does all the other way round, so it is given the bytes mirrored.
    """
    data = bytearray(reader.at(page.start, page.end - page.start))
    told = int.from_bytes(data[_CHECK], "little")
    data[_CHECK] = bytes(4)
    found = zlib.crc32(data.translate(_MIRRORED), _ONES) ^ _ONES
    return int(f"{found:032b}"[::-1], 2) == told
