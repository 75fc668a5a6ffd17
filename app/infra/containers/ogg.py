"""Ogg: pages (RFC 3533, section 6)."""

from typing import Final

from app.infra.containers.reading import Reader, Structure

_HEADER: Final = 27
_LONGEST_TABLE: Final = 255
_FIRST: Final = 2  # The flag of a stream's first page.


def structure(reader: Reader) -> Structure:
    """Return what the pages say: streams may begin together only, so one that begins later is another film."""
    place, begun = 0, False
    while place < reader.size:
        page = reader.at(place, _HEADER + _LONGEST_TABLE)
        if not page.startswith(b"OggS"[: len(page)]):
            break  # Padding or damage; readers look for the next page.
        if len(page) < _HEADER or len(page) < _HEADER + page[26]:
            return Structure(cut_off=True)
        first = bool(page[5] & _FIRST)
        if first and begun:
            return Structure(joined=True)
        begun = begun or not first
        table = page[_HEADER : _HEADER + page[26]]
        end = place + _HEADER + len(table) + sum(table)
        if end > reader.size:
            return Structure(cut_off=True, promised_bytes=end)
        place = end
    return Structure()
