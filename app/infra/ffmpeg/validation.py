"""Whether a film can be decoded, once it was inspected: each case against it has its code and its sentence."""

from dataclasses import replace

from app.domain.errors import ProcessingError
from app.domain.failure import CUT_OFF, ENCRYPTED, JOINED, FailureCode
from app.domain.film import Film, Look, Stream
from app.domain.formats import UNKNOWN_CODECS, unsupported_codec_reason, unsupported_container_reason
from app.infra.containers.reading import Structure
from app.infra.ffmpeg.codecs import DECODER
from app.infra.ffmpeg.inspection import Inspected


def validated_film(structure: Structure | None, found: Inspected, max_pixels: int) -> Film:
    """Return the film, where there is one that can be decoded.

    :raises ProcessingError: where there is none
    """
    stream = found.stream
    if found.encrypted or (structure and structure.encrypted):
        raise ProcessingError(FailureCode.UNSUPPORTED_FORMAT, ENCRYPTED)
    if structure and structure.joined:
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, JOINED)
    if not found.opened:
        raise _unopened(structure)
    if structure and structure.cut_off and (stream is None or stream.codec in UNKNOWN_CODECS):
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, CUT_OFF)  # What is missing may have told of a film.
    if stream is None:
        raise ProcessingError(FailureCode.NO_VIDEO_STREAM)
    if stream.codec not in DECODER:
        raise ProcessingError(FailureCode.UNSUPPORTED_FORMAT, unsupported_codec_reason(stream.codec))
    film = found.film
    pictures: list[Stream | Look] = [stream, *(film.looks if film is not None else ())]
    if any(one.width * one.height > max_pixels for one in pictures):
        raise ProcessingError(FailureCode.TOO_LARGE_PICTURE)
    _check_complete(structure, found)
    if film is None or not len(film.packets):
        raise ProcessingError(FailureCode.NO_FRAMES)
    if not film.look.width * film.look.height:  # Not even the header tells the size, and no picture could be decoded.
        raise ProcessingError(FailureCode.CORRUPT_VIDEO)
    return replace(film, appended=structure is not None and structure.appended)


def _check_complete(structure: Structure | None, found: Inspected) -> None:
    if found.broken or (structure and structure.cut_off):
        whole_before = structure is None or not structure.damage  # Else its length may be wrong for that.
        raise ProcessingError(FailureCode.CORRUPT_VIDEO, CUT_OFF if whole_before else None)
    if found.incomplete and found.film is not None and not found.film.losses:
        raise ProcessingError(FailureCode.CORRUPT_VIDEO)  # Nobody knows where.


def _unopened(structure: Structure | None) -> ProcessingError:
    if structure is None:
        return ProcessingError(FailureCode.UNSUPPORTED_FORMAT, unsupported_container_reason())
    return ProcessingError(FailureCode.CORRUPT_VIDEO, CUT_OFF if structure.cut_off else None)
