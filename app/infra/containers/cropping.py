"""What a container cuts off of its film's pictures: clean apertures of ISO/IEC 14496-12, PixelCrop of RFC 9559."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from app.domain.container import SNIFF_BYTES, container_of
from app.infra.containers import isobmff, matroska
from app.infra.containers.reading import Enough, Reader

_TRACKS_MAX: Final = 64
_SAMPLE_ENTRY: Final = 78  # Bytes of a VisualSampleEntry before the boxes in it (14496-12, 12.1.3).
_VIDEO: Final = 0xE0
_PIXEL_CROP: Final = {0x54CC: "left", 0x54BB: "top", 0x54DD: "right", 0x54AA: "bottom"}


class Margins(NamedTuple):
    """Pixels that are cut off of each side of a picture as it is coded."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


def margins_of(file: BinaryIO, track: int, place: int) -> Margins:
    """Return what is cut off of a film: of the track with this number, or of the Matroska's video track in this place.

    All is 0 where the container says nothing, or nothing that makes sense.
    """
    reader = Reader(file)
    family = container_of(reader.at(0, SNIFF_BYTES))
    try:
        if family == "isobmff":
            return _clean_aperture(reader, track)
        if family == "matroska":
            return _pixel_crop(reader, place)
    except (Enough, ZeroDivisionError):
        pass
    return Margins()


def _clean_aperture(reader: Reader, track: int) -> Margins:
    for trak in _path(reader, 0, reader.size, b"moov", b"trak"):
        head = next(_path(reader, trak.body, trak.end, b"tkhd"), None)
        if head is None:
            continue
        long_times = reader.number(head.body, 1) == 1
        if reader.number(head.body + (20 if long_times else 12), 4) == track:
            for described in _path(reader, trak.body, trak.end, b"mdia", b"minf", b"stbl", b"stsd"):
                entry = next(isobmff.boxes(reader, described.body + 8, min(described.end, reader.size)), None)
                return Margins() if entry is None else _of_entry(reader, entry)
    return Margins()


def _path(reader: Reader, start: int, end: int, *kinds: bytes) -> Iterator[isobmff.Box]:
    for box in islice(isobmff.boxes(reader, start, min(end, reader.size)), _TRACKS_MAX):
        if box.kind == kinds[0]:
            if len(kinds) == 1:
                yield box
            else:
                yield from _path(reader, box.body, box.end, *kinds[1:])


def _of_entry(reader: Reader, entry: isobmff.Box) -> Margins:
    """Read CleanApertureBox (12.1.4): width, height and the offset of its middle from the picture's, each a fraction.

    A half pixel, which an odd number to cut off leaves, is given to the right and to the bottom.
    """
    width, height = reader.number(entry.body + 24, 2), reader.number(entry.body + 26, 2)
    for clap in _path(reader, entry.body + _SAMPLE_ENTRY, entry.end, b"clap"):
        numbers = [int.from_bytes(reader.at(clap.body + 4 * place, 4), signed=place in {4, 6}) for place in range(8)]
        wide, high, right, down = (Fraction(*numbers[place : place + 2]) for place in range(0, 8, 2))
        left, top = int((width - wide) / 2 + right), int((height - high) / 2 + down)
        found = Margins(left, top, width - left - int(wide), height - top - int(high))
        return found if wide >= 1 and high >= 1 and min(found) >= 0 else Margins()
    return Margins()


def _pixel_crop(reader: Reader, place: int) -> Margins:
    videos = (
        track
        for segment in _masters(reader, 0, reader.size, matroska.SEGMENT)
        for tracks in _masters(reader, segment.body, segment.end or reader.size, matroska.TRACKS)
        for track in _masters(reader, tracks.body, tracks.end or reader.size, matroska.TRACK)
        if _number(reader, track, matroska.TRACK_TYPE) == matroska.VIDEO
    )
    film = next(islice(videos, place, None), None)
    if film is None or film.end is None:
        return Margins()
    sides = {
        _PIXEL_CROP[element.id]: matroska.value(reader, element)
        for video in _masters(reader, film.body, film.end, _VIDEO)
        for element in islice(matroska.children(reader, video.body, video.end or video.body), _TRACKS_MAX)
        if element.id in _PIXEL_CROP
    }
    return Margins(**sides)


def _masters(reader: Reader, start: int, end: int, kind: int) -> Iterator[matroska.Element]:
    children = islice(matroska.children(reader, start, min(end, reader.size)), _TRACKS_MAX)
    return (child for child in children if child.id == kind)


def _number(reader: Reader, master: matroska.Element, kind: int) -> int:
    found = next(_masters(reader, master.body, master.end or master.body, kind), None)
    return 0 if found is None else matroska.value(reader, found)
