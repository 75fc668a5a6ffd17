"""AVI: chunks of RIFF, with OpenDML's further RIFFs behind the first."""

from typing import Final

from app.infra.containers.reading import Reader, Structure

_HEADER: Final = 8
_LIST_HEADER: Final = 12
_INDEX_ENTRY: Final = 16
_INDEX_MAX: Final = 32 * 1024 * 1024  # The index of some six hours at 60 pictures a second with sound.
_PIECE: Final = 1024 * 1024


def structure(reader: Reader) -> Structure:
    """Return what the chunks say.

    The lengths of RIFFs count for nothing, since recorders often leave wrong ones. A list of pictures that reaches
    beyond the end of the file counts where no index follows it: the index is written last.
    """
    place, riffs = 0, 0
    index = pictures = False
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
        if not _is_name(kind) or (kind == b"LIST" and size == 0):
            return Structure()  # Padding or damage, or the length that a recorder could not go back to write.
        index = index or kind == b"idx1"
        pictures = pictures or (kind == b"LIST" and form == b"movi")
        end = place + _HEADER + size
        if end > reader.size:
            whole = index or (pictures and kind != b"LIST")
            if whole or (riffs == 1 and _index_at_the_end(reader, place + _LIST_HEADER)):
                return Structure()
            return Structure(cut_off=True, promised_bytes=end)
        place = end + size % 2
    return Structure(cut_off=not pictures)


def _is_name(kind: bytes) -> bool:
    return all(0x20 <= c < 0x7F for c in kind)  # noqa: PLR2004 - printable ASCII


def _index_at_the_end(reader: Reader, start: int) -> bool:
    """Return whether the file ends with an index, although the list of pictures claims its place."""
    start = max(start, reader.size - _INDEX_MAX)
    for place in range(start, reader.size, _PIECE):
        piece = reader.at(place, _PIECE + _HEADER)
        found = piece.find(b"idx1")
        while found >= 0:
            size = reader.number(place + found + 4, 4, little=True)
            if size and size % _INDEX_ENTRY == 0 and place + found + _HEADER + size <= reader.size:
                return True
            found = piece.find(b"idx1", found + 1)
    return False
