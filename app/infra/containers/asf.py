"""Windows Media: objects of the Advanced Systems Format (specification 01.20.05)."""

from typing import Final
from uuid import UUID

from app.infra.containers.reading import Reader, Structure


def _guid(text: str) -> bytes:
    return UUID(text).bytes_le


_HEADER: Final = _guid("75B22630-668E-11CF-A6D9-00AA0062CE6C")
_DATA: Final = _guid("75B22636-668E-11CF-A6D9-00AA0062CE6C")
_FILE_PROPERTIES: Final = _guid("8CABDCA1-A947-11CF-8EE4-00C00C205365")
_EXTENSION: Final = _guid("5FBF03B5-A92E-11CF-8EE3-00C00C205365")
_ENCRYPTION: Final = frozenset(
    {
        _guid("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E"),  # Content Encryption
        _guid("298AE614-2622-4C17-B935-DAE07EE9289C"),  # Extended Content Encryption
        _guid("43058533-6981-49E6-9B74-AD12CB86D58C"),  # Advanced Content Encryption
    }
)
_OBJECT: Final = 24  # A GUID and a size, which counts both.
_HEADER_OBJECT: Final = 30
_EXTENSION_OBJECT: Final = 46
_DATA_OBJECT: Final = 50
_MARK: Final = b"\x82\0\0"  # Of a packet: two bytes of error correction follow, which are zero.
_BROADCAST: Final = 1  # Live: the numbers of the file properties mean nothing.


def structure(reader: Reader) -> Structure:
    """Return what the objects say."""
    header_end = reader.number(16, 8, little=True)
    if header_end < _HEADER_OBJECT:
        return Structure()
    if header_end > reader.size:
        return Structure(cut_off=True)
    encrypted, packets, length = _header(reader, _HEADER_OBJECT, header_end, 0)
    packets_bytes = None if packets is None else packets * length
    place, first = header_end, True
    while reader.size - place >= _OBJECT:
        guid = reader.at(place, 16)
        end = place + reader.number(place + 16, 8, little=True)
        if guid == _HEADER:
            return Structure(joined=True, encrypted=encrypted)
        if first and guid == _DATA and packets_bytes is not None:
            end = max(end, place + _DATA_OBJECT + packets_bytes)
            _look_at_packets(reader, place + _DATA_OBJECT, packets or 0, length)
            if end > reader.size:
                return Structure(cut_off=True, encrypted=encrypted)
        first = False
        if end < place + _OBJECT:
            break
        place = end
    return Structure(cut_off=first and packets_bytes is not None, encrypted=encrypted)


def _look_at_packets(reader: Reader, place: int, packets: int, length: int) -> None:
    """Note the packets that do not begin as the first one does, where that is with the usual mark (5.2.1, 5.2.2)."""
    if not length or reader.at(place, len(_MARK)) != _MARK:
        return
    for packet in range(place, place + min(packets, (reader.size - place) // length) * length, length):
        if reader.at(packet, len(_MARK)) != _MARK:
            reader.note_damage(packet, packet + length)


def _header(reader: Reader, place: int, end: int, depth: int) -> tuple[bool, int | None, int]:
    """Return whether the content is encrypted, how many packets are promised (None: live), and how long each is."""
    encrypted, packets, length = False, None, 0
    while end - place >= _OBJECT:
        guid, size = reader.at(place, 16), reader.number(place + 16, 8, little=True)
        if guid in _ENCRYPTION:
            encrypted = True
        elif guid == _FILE_PROPERTIES and not reader.number(place + 88, 4, little=True) & _BROADCAST:
            packets = reader.number(place + 56, 8, little=True)
            length = reader.number(place + 92, 4, little=True)
        elif guid == _EXTENSION and depth == 0:
            encrypted |= _header(reader, place + _EXTENSION_OBJECT, min(place + size, end), 1)[0]
        if size < _OBJECT:
            break
        place += size
    return encrypted, packets, length
