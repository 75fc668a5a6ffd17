"""What a container cuts off of its film's pictures: clean apertures of ISO/IEC 14496-12, PixelCrop of RFC 9559."""

from fractions import Fraction
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from app.domain.container import SNIFF_BYTES, container_of
from app.infra.containers import isobmff, matroska
from app.infra.containers.reading import Enough, Reader

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
    for trak in isobmff.within(reader, 0, reader.size, b"moov", b"trak"):
        head = next(isobmff.within(reader, trak.body, trak.end, b"tkhd"), None)
        if head is None:
            continue
        long_times = reader.number(head.body, 1) == 1
        if reader.number(head.body + (20 if long_times else 12), 4) == track:
            entry = next(isobmff.sample_entries(reader, trak), None)
            return Margins() if entry is None else _of_entry(reader, entry)
    return Margins()


def _of_entry(reader: Reader, entry: isobmff.Box) -> Margins:
    """Read CleanApertureBox (12.1.4): width, height and the offset of its middle from the picture's, each a fraction.

    A half pixel, which an odd number to cut off leaves, is given to the right and to the bottom.
    """
    width, height = reader.number(entry.body + 24, 2), reader.number(entry.body + 26, 2)
    for clap in isobmff.within(reader, entry.body + _SAMPLE_ENTRY, entry.end, b"clap"):
        numbers = [int.from_bytes(reader.at(clap.body + 4 * place, 4), signed=place in {4, 6}) for place in range(8)]
        wide, high, right, down = (Fraction(*numbers[place : place + 2]) for place in range(0, 8, 2))
        left, top = int((width - wide) / 2 + right), int((height - high) / 2 + down)
        found = Margins(left, top, width - left - int(wide), height - top - int(high))
        return found if wide >= 1 and high >= 1 and min(found) >= 0 else Margins()
    return Margins()


def _pixel_crop(reader: Reader, place: int) -> Margins:
    tracks = matroska.within(reader, 0, reader.size, matroska.SEGMENT, matroska.TRACKS, matroska.TRACK)
    videos = (track for track in tracks if matroska.type_of(reader, track) == matroska.VIDEO)
    film = next(islice(videos, place, None), None)
    sides = {
        _PIXEL_CROP[element.id]: matroska.value(reader, element)
        for video in (matroska.within(reader, film.body, film.end or reader.size, _VIDEO) if film else ())
        for element in matroska.children(reader, video.body, video.end or video.body)
        if element.id in _PIXEL_CROP
    }
    return Margins(**sides)
