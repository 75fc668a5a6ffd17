"""MPEG's transport and program streams (ISO/IEC 13818-1): camcorders, television, DVDs."""

from collections.abc import Iterator
from typing import Final

from app.domain.container import SNIFF_BYTES, transport_packets
from app.infra.containers.continuity import continuity
from app.infra.containers.reading import Reader, Structure, samples

_PACKET: Final = 188
_STAMPED: Final = 192  # With four bytes of a time in front.
_SYNC: Final = 0x47
_NULL: Final = 0x1FFF
_SAMPLED_PACKETS: Final = 2000
_TAIL_PACKETS: Final = 12
_PIECE: Final = 2 * 1024 * 1024
_PICTURES: Final = range(0xE0, 0xF0)  # The stream ids of video.
_PICTURE_IDS: Final = frozenset(bytes([number]) for number in _PICTURES)
_MARKED: Final = 0x80  # The first two bits of an MPEG-2 PES packet's flags are 10.
_FEWEST: Final = 8


def transport_structure(reader: Reader) -> Structure:
    """Return what the packets say: a stream has no end of its own, but its last packet has."""
    packets = transport_packets(reader.at(0, SNIFF_BYTES))
    if packets is None:
        return Structure()
    length, first = packets
    found = continuity(reader, first, length, _pictures(reader, length))
    for start, stop in found.breaks:
        reader.note_damage(start, stop)
    return Structure(
        cut_off=_ends_within_a_packet(reader, length),
        encrypted=_scrambled(reader, length),
        joined=_goes_on_elsewhere(reader, length),
        appended=found.appended,
    )


def _pictures(reader: Reader, length: int) -> frozenset[int]:
    """Return the numbers of the streams (PID) that have pictures."""
    pieces = samples(reader, min(_SAMPLED_PACKETS * length, reader.size))
    return frozenset(pid for piece in pieces for pid, packet in _packets(piece, length) if _begins_a_picture(packet))


def _ends_within_a_packet(reader: Reader, length: int) -> bool:
    """Return whether the last packet is incomplete; broadcasts lose bytes on the way, so the end has its own rhythm."""
    tail = reader.at(max(reader.size - _TAIL_PACKETS * length, 0), _TAIL_PACKETS * length)
    lead = length - _PACKET if length == _STAMPED else 0
    firsts = [o for o in range(min(length, len(tail))) if set(tail[o::length]) == {_SYNC}]
    # A file that ends with something else than packets, such as zeros, says nothing. A cut between the four bytes of
    # a time and their packet is one too.
    return bool(firsts) and all((len(tail) - first + lead) % length for first in firsts)


def _goes_on_elsewhere(reader: Reader, length: int) -> bool:
    """Return whether the picture is in other streams later than at first, as where a second recording was appended."""
    first: set[int] = set()
    for piece in samples(reader, min(_SAMPLED_PACKETS * length, reader.size // 6)):
        found = {pid for pid, packet in _packets(piece, length) if _begins_a_picture(packet)}
        first = first or found
        if found and first.isdisjoint(found):
            return True
    return False


def _begins_a_picture(packet: bytes) -> bool:
    """Return whether a packet begins with a packet of the elementary stream of a video (2.4.3.2, 2.4.3.6)."""
    if not packet[1] & 0x40 or not packet[3] & 0x10:
        return False
    payload = 5 + packet[4] if packet[3] & 0x20 else 4
    return packet[payload : payload + 3] == b"\x00\x00\x01" and packet[payload + 3 : payload + 4][:1] in _PICTURE_IDS


def _packets(piece: bytes, length: int) -> Iterator[tuple[int, bytes]]:
    """Yield the whole packets of a piece with the numbers of their streams (PID)."""
    place = 0
    while (place := piece.find(_SYNC, place)) >= 0 and place + length < len(piece):
        if piece[place + length] != _SYNC:
            place += 1
            continue
        yield int.from_bytes(piece[place + 1 : place + 3]) & _NULL, piece[place : place + _PACKET]
        place += length


def _scrambled(reader: Reader, length: int) -> bool:
    """Return whether more than half of the packets with content have transport_scrambling_control set."""
    full = scrambled = 0
    for piece in samples(reader, _SAMPLED_PACKETS * length):
        for pid, packet in _packets(piece, length):
            if pid != _NULL and packet[3] & 0x10:
                full += 1
                scrambled += packet[3] & 0x80 != 0
    return scrambled * 2 > full


def program_structure(reader: Reader) -> Structure:
    """Return whether the pictures are scrambled, as on DVDs (CSS); a program stream promises no end.

    Not all of a DVD's sectors are scrambled, but in other films none is.
    """
    seen = scrambled = 0
    for piece in samples(reader, _PIECE):
        place = -1
        while (place := piece.find(b"\x00\x00\x01", place + 1)) >= 0 and place + 6 < len(piece):
            if piece[place + 3] in _PICTURES and piece[place + 6] & 0xC0 == _MARKED:
                seen += 1
                scrambled += piece[place + 6] & 0x30 != 0
    return Structure(encrypted=scrambled >= _FEWEST and scrambled * 10 > seen)
