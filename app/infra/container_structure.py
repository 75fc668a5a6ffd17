"""Whether a file is whole, one film and readable, as its container's own lengths and marks say: no decoder is asked.

Only headers are read and content is passed over, so a film of gigabytes takes a moment. Each length is checked, and no
more elements are looked at than a film has: the file may be hostile.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import BinaryIO, Final

from app.domain.container import SNIFF_BYTES, container_of
from app.infra.containers import asf, flv, isobmff, matroska, mpeg, ogg, riff
from app.infra.containers.reading import Enough, Reader, Structure

_READ: Final[Mapping[str, Callable[[Reader], Structure]]] = {
    "asf": asf.structure,
    "flv": flv.structure,
    "isobmff": isobmff.structure,
    "matroska": matroska.structure,
    "mpegps": mpeg.program_structure,
    "mpegts": mpeg.transport_structure,
    "ogg": ogg.structure,
    "riff": riff.structure,
}


def structure_of(file: BinaryIO) -> Structure | None:
    """Return what is known of a seekable file, None where it is in no accepted container.

    Reads in the calling thread: up to a second for a film of hours in tiny pieces.
    """
    reader = Reader(file)
    family = container_of(reader.at(0, SNIFF_BYTES))
    if family is None:
        return None
    try:
        return replace(_READ[family](reader), damage=tuple(reader.damage))
    except Enough:
        return Structure()
