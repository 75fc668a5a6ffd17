"""Why a file is refused once it was inspected: each case with its code and a sentence that names what is wrong."""

from pathlib import Path

from app.domain.errors import ProcessingError
from app.domain.failure import CUT_OFF, ENCRYPTED, JOINED, FailureCode
from app.domain.film import Film
from app.domain.formats import unsupported_codec_reason, unsupported_container_reason
from app.infra.container_structure import structure_of
from app.infra.containers.reading import Structure
from app.infra.ffmpeg.codecs import DECODER
from app.infra.ffmpeg.inspection import Inspected


def film_or_refusal(source: Path, found: Inspected, max_pixels: int) -> Film:
    """Return the film, where there is one that can be decoded.

    Reads the container's own headers in the calling thread.

    :raises ProcessingError: where there is none
    """
    with source.open("rb") as file:
        structure = structure_of(file)
    stream = found.stream
    if found.encrypted or (structure and structure.encrypted):
        raise ProcessingError(FailureCode.UNSUPPORTED_FORMAT, ENCRYPTED)
    if structure and structure.joined:
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, JOINED)
    if not found.opened:
        raise _unopened(structure)
    if stream is None:
        raise ProcessingError(FailureCode.NO_VIDEO_STREAM)
    if stream.codec not in DECODER:
        raise ProcessingError(FailureCode.UNSUPPORTED_FORMAT, unsupported_codec_reason(stream.codec))
    film = found.film
    if any(w * h > max_pixels for w, h in _sizes(stream.width, stream.height, film)):
        raise ProcessingError(FailureCode.TOO_LARGE_PICTURE)
    if found.broken or (structure and structure.cut_off):
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, CUT_OFF)
    if film is None or not len(film.packets):
        raise ProcessingError(FailureCode.NO_FRAMES)
    if not film.look.width * film.look.height:  # Not even the header tells the size, and no picture could be decoded.
        raise ProcessingError(FailureCode.CORRUPT_VIDEO)
    return film


def _unopened(structure: Structure | None) -> ProcessingError:
    if structure is None:
        return ProcessingError(FailureCode.UNSUPPORTED_FORMAT, unsupported_container_reason())
    return ProcessingError(FailureCode.CORRUPT_VIDEO, CUT_OFF if structure.cut_off else None)


def _sizes(width: int, height: int, film: Film | None) -> list[tuple[int, int]]:
    return [(width, height), *((look.width, look.height) for look in (film.looks if film is not None else ()))]
