"""Inspects one file with PyAV, in a confined process of its own.

Called as ``inspect_child.py <source> <max pixels> <pipe> <damage>``, of which the last are ranges of bytes, as
10-20,50-70, in which the container is broken. Writes facts and decides nothing: a document of the streams, then the
film's packets in blocks as they are read, then a document of the film's first picture. ``inspection.py`` reads them and
says how they are laid out.
"""

import errno
import json
import struct
import sys
import types
from dataclasses import asdict
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

if "app" not in sys.modules:  # Started in isolation: our package is readable here, the folder that it lies in is not.
    _APP = types.ModuleType("app")
    _APP.__path__ = [str(Path(__file__).resolve().parents[2])]
    sys.modules["app"] = _APP

import av

from app.domain.film import (
    CORRUPT,
    DISCARD,
    KEY,
    LOST,
    NO_TIME,
    NON_REFERENCE,
    OPEN,
    SECOND,
    UNPROVEN,
    Packets,
    Stream,
    film_of,
)
from app.infra.containers.cropping import margins_of
from app.infra.ffmpeg.codecs import DECODER, DEMUXERS
from app.infra.ffmpeg.look_child import Looks, tag_of
from app.infra.ffmpeg.picture_headers import Avc, Hevc, Marks, Mpeg4, marks_of

BLOCK: Final = 4096
_BLOCKS_END: Final = bytes(4)
_ENCRYPTED_TAGS: Final = frozenset({"encv", "enca", "drmi"})
_SEEN: Final = 96
"""How many packets are asked for their marks: whoever marks all marks these."""
_INTRA_ONLY: Final = frozenset({"png"})  # libavcodec does not say so of all.


def main() -> None:
    """Inspect, and end as ffmpeg does where the memory is too little for it."""
    try:
        _main()
    except MemoryError:
        sys.exit(256 - errno.ENOMEM)


def _main() -> None:
    source, max_pixels, pipe = sys.argv[1], sys.argv[2], int(sys.argv[3])
    av.logging.set_level(av.logging.ERROR)
    with open(pipe, "wb") as told:
        try:
            container = _opened(source)
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError, ValueError) as error:
            _tell(told, {"opened": False, "error": getattr(error, "errno", 0) or 0})
            return
        with container:
            _inspect(container, {"max_pixels": max_pixels, "threads": "1"}, _Damage(sys.argv[4]), told)


def _opened(source: str, **more: str) -> Any:
    return av.open(
        source,
        metadata_errors="replace",
        options={
            "protocol_whitelist": "file",
            "format_whitelist": ",".join(DEMUXERS),
            "codec_whitelist": ",".join(DECODER.values()),
            **more,
        },
    )


def _is_marked_as_key(source: str, stream: int) -> bool:
    """Return whether the container itself marks the film's first packet as a key picture, and not all others too.

    Otherwise a parser's word counts, which knows no key picture that is damaged.
    """
    try:
        with _opened(source, fflags="noparse") as container:
            packets = (packet for packet in container.demux(container.streams[stream]) if packet.size)
            marks = [packet.is_keyframe for packet in islice(packets, _SEEN)]
    except av.error.FFmpegError:
        return False
    return marks[:1] == [True] and not all(marks)


def _inspect(container: Any, options: dict[str, str], damage: "_Damage", told: IO[bytes]) -> None:
    streams = [_stream(stream) for stream in container.streams]
    chosen = film_of(streams)
    _tell(
        told,
        {
            "opened": True,
            "container": container.format.name,
            "film": None if chosen is None else chosen.index,
            "streams": [asdict(stream) for stream in streams],
        },
    )
    if chosen is None or chosen.codec not in DECODER or chosen.encrypted:
        told.write(_BLOCKS_END)
        _tell(told, {})
        return
    stream = container.streams[chosen.index]
    _tell(told, {**_read(container, stream, options, damage, told), "margins": _margins(container, stream)})


def _margins(container: Any, stream: Any) -> list[int]:
    """Return what the container cuts off, which PyAV does not tell."""
    with Path(container.name).open("rb", buffering=0) as file:
        place = sum(1 for other in container.streams.video if other.index < stream.index)
        return list(margins_of(file, stream.id, place))


def _stream(stream: Any) -> Stream:
    context = stream.codec_context
    start = None if stream.start_time is None else Fraction(stream.start_time) * stream.time_base
    tag = tag_of(context)
    return Stream(
        index=stream.index,
        kind=stream.type,
        codec="" if context is None else context.codec.canonical_name,
        width=getattr(context, "width", 0) or 0,
        height=getattr(context, "height", 0) or 0,
        disposition=frozenset(
            mark.name for mark in type(stream.disposition) if mark & stream.disposition and mark.name
        ),
        start=start,
        declared_packets=stream.frames or None,
        encrypted=tag in _ENCRYPTED_TAGS,
    )


def _read(
    container: Any, stream: Any, options: dict[str, str], damage: "_Damage", told: IO[bytes]
) -> dict[str, object]:
    """List the film's packets and decode its first picture on the way."""
    context = stream.codec_context
    marks = marks_of(context.codec.canonical_name, bytes(context.extradata or b""))
    looks = Looks(stream, options)
    packets = Packets(stream.time_base)
    encrypted, broken, before, listed, absent, begins_with_key = False, 0, None, 0, 0, True
    try:
        for packet in container.demux(stream):
            if not packet.size:
                absent += packet.dts is not None
                continue  # The demuxer's end, and pictures that an AVI leaves out: the last one stays.
            begins_with_key = begins_with_key and (listed + len(packets) > 0 or packet.is_keyframe)
            flags = packet.is_keyframe * KEY | packet.is_discard * DISCARD | packet.is_corrupt * CORRUPT
            flags |= packet.is_disposable * NON_REFERENCE | damage.flags_of(packet.pos)
            if marks is not None:
                flags |= _flags_of(marks(memoryview(packet)), key=packet.is_keyframe)
            # A second field has no time of its own, or half a picture's later.
            shown_at = before if flags & SECOND else packet.pts
            encrypted = encrypted or packet.has_sidedata("encryption_info")
            packets.add(
                NO_TIME if shown_at is None else shown_at,
                NO_TIME if packet.dts is None else packet.dts,
                packet.duration or 0,
                flags,
            )
            before = shown_at
            looks.follow(packet, listed + len(packets) - 1)
            if len(packets) == BLOCK:
                listed += _block(told, packets)
                packets = Packets(stream.time_base)
    except av.error.FFmpegError as error:
        broken = error.errno or 1
    _block(told, packets)
    told.write(_BLOCKS_END)
    return {
        **looks.told(may_be_interlaced=isinstance(marks, Avc) and marks.fields.may_occur),
        "lost_its_mark": not begins_with_key and _is_marked_as_key(container.name, stream.index),
        **_facts(stream),
        "encrypted": encrypted,
        "packed": isinstance(marks, Mpeg4) and marks.packed,
        "hashed": isinstance(marks, Hevc) and marks.hashed,
        "layered": isinstance(marks, Hevc) and marks.layered,
        "broken": broken,
        "absent": absent,
        "lost_at_the_end": damage.is_ahead,
    }


def _flags_of(marks: Marks, *, key: bool) -> int:
    """Return what a picture's own header says of its packet."""
    flags = marks.needless * NON_REFERENCE | marks.hidden * DISCARD
    if marks.second:
        flags |= SECOND | DISCARD
    if key:
        flags |= (not marks.key) * UNPROVEN | (not marks.entry) * OPEN
    return flags


def _facts(stream: Any) -> dict[str, object]:
    """Return what is known of the film once all its packets were seen."""
    context = stream.codec_context
    return {
        "time_base": stream.time_base,
        "rate": float(stream.average_rate or 0),
        "reorders": bool(context.has_b_frames),
        "intra_only": bool(context.codec.intra_only) or context.codec.canonical_name in _INTRA_ONLY,
        "indexed": len(stream.index_entries),
    }


class _Damage:
    """Finds which packets stand in or behind a damaged part of the file, as the file is read from its start on."""

    def __init__(self, text: str) -> None:
        self._ranges = [tuple(map(int, part.split("-"))) for part in text.split(",") if part]
        self._stop = 0

    @property
    def is_ahead(self) -> bool:
        """Whether no packet stood behind the last of them."""
        return bool(self._ranges)

    def flags_of(self, place: int | None) -> int:
        """Return the flags of a packet that stands at a place in the file."""
        if place is None:
            return 0
        flags = 0
        while self._ranges and self._ranges[0][0] <= place:
            self._stop = self._ranges.pop(0)[1]
            flags = LOST
        return flags | (place < self._stop) * CORRUPT


def _tell(told: IO[bytes], document: dict[str, object]) -> None:
    data = json.dumps(document, default=_plain).encode()
    told.write(struct.pack("=I", len(data)) + data)


def _plain(value: Fraction | frozenset[str]) -> list[int] | list[str]:
    """Write as JSON can hold it what of our facts it cannot."""
    return [value.numerator, value.denominator] if isinstance(value, Fraction) else sorted(value)


def _block(told: IO[bytes], packets: Packets) -> int:
    """Report these packets, and return how many they are."""
    if len(packets):
        columns = (packets.pts, packets.dts, packets.durations)
        told.write(struct.pack("=I", len(packets)) + b"".join(c.tobytes() for c in columns) + bytes(packets.flags))
    return len(packets)


if __name__ == "__main__":
    main()
