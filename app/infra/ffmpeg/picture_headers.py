"""What a coded picture's own header says: whether others need it, and whether a decoder may start at it.

Containers rarely say the first and sometimes lie about the second, so both are read from the first bytes of the
codec's own syntax. Runs in the confined child: the bytes are a stranger's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, final

from app.infra.ffmpeg.avc_fields import AvcFields, Field
from app.infra.ffmpeg.bits import Bits, OutOfBits

_START_CODE: Final = b"\x00\x00\x01"
_AVC_SLICE: Final = 1  # ITU-T H.264, table 7-1.
_AVC_PARTITION: Final = 2
_AVC_IDR: Final = 5
_AVC_SEI: Final = 6
_AVC_RECOVERY_POINT: Final = 6  # D.1.1, payloadType.
_HEVC_LAST_SLICE: Final = 31  # ITU-T H.265, table 7-1.
_HEVC_SUFFIX_SEI: Final = 40
_HEVC_HASH: Final = 132  # D.2.1, payloadType.
_HEVC_IRAP: Final = range(16, 24)
_HEVC_ENTRIES: Final = range(16, 21)  # Not a CRA picture, whose order is counted from the pictures before it (8.3.1).
_VVC_IDR: Final = frozenset({7, 8})  # ITU-T H.266, table 5.
_VVC_CRA: Final = 9
_MPEG2_PICTURE: Final = b"\x00\x00\x01\x00"  # ISO/IEC 13818-2, table 6-1.
_SEARCHED: Final = 64 * 1024
_MPEG4_LAYERS: Final = range(0x20, 0x30)  # Table 6-3: a layer, whose time resolution its pictures count on.
_MPEG4_PICTURE: Final = 0xB6
_MPEG4_HEADER: Final = 64


class Marks(NamedTuple):
    """What a packet's headers say.

    ``needless`` is that no other picture needs it, ``key`` that from it on all that are shown later can be decoded,
    and ``entry`` that a decoder may leap to it, for which the pictures' order must begin anew as well. ``second`` is
    that it is but the other field of the picture before, ``hidden`` that it is never shown.
    """

    needless: bool = False
    key: bool = False
    entry: bool = False
    second: bool = False
    hidden: bool = False


def marks_of(codec: str, extradata: bytes) -> "Callable[[memoryview], Marks] | None":
    """Return what reads a packet of this codec, None for a codec whose headers are not read."""
    reader = _READERS.get(codec)
    return None if reader is None else reader(extradata)


def nal_length(codec: str, extradata: bytes) -> int:
    """Return how many bytes the length before each NAL unit has (ISO/IEC 14496-15), 0 for start codes."""
    if codec == "vvc":
        return (extradata[0] >> 1 & 3) + 1 if extradata and extradata[0] >> 3 == 31 else 0  # noqa: PLR2004
    place = 4 if codec == "h264" else 21
    return (extradata[place] & 3) + 1 if len(extradata) > place and extradata[0] == 1 else 0


def units(data: memoryview, length_size: int) -> Iterator[memoryview]:
    """Yield NAL units: each behind its length (ISO/IEC 14496-15) or between start codes (ITU-T H.264, annex B)."""
    if length_size:
        place, end = 0, len(data)
        while place + length_size < end:
            size = int.from_bytes(data[place : place + length_size], "big")
            place += length_size
            yield data[place : place + size]
            place += size
        return
    whole = bytes(data)
    place = whole.find(_START_CODE)
    while place >= 0:
        following = whole.find(_START_CODE, place + 3)
        yield data[place + 3 : following if following >= 0 else len(data)]
        place = following


@final
class Avc:
    """H.264: nal_ref_idc, IDR pictures and recovery points."""

    def __init__(self, extradata: bytes) -> None:
        self._length = nal_length("h264", extradata)
        self.fields = AvcFields()
        self._lone: Field | None = None
        for unit in _parameter_sets(extradata) if self._length else units(memoryview(extradata), 0):
            if len(unit):
                self.fields.read(unit)

    def __call__(self, data: memoryview) -> Marks:
        seen = needed = recovers = idr = False
        fields: list[Field] = []
        for unit in units(data, self._length):
            if not len(unit):
                continue
            kind = unit[0] & 31
            if field := self.fields.read(unit):
                fields.append(field)
            if kind in {_AVC_SLICE, _AVC_PARTITION, _AVC_IDR}:
                seen = True
                needed = needed or bool(unit[0] >> 5 & 3)
                idr = idr or kind == _AVC_IDR
            elif kind == _AVC_SEI:
                recovers = recovers or _recovers_at_once(bytes(unit[1:_SEARCHED]))
        return Marks(seen and not needed, idr or recovers, idr, second=self._is_second(fields))

    def _is_second(self, fields: Sequence[Field]) -> bool:
        """Return whether this packet completes the picture of which the one before was the first field."""
        first, self._lone = self._lone, None
        if len({field.bottom for field in fields}) != 1:
            return False  # A whole picture: as a frame, or as both of its fields.
        if first is not None and first.bottom != fields[0].bottom and first.frame_number == fields[0].frame_number:
            return True
        self._lone = fields[0]
        return False


def _parameter_sets(extradata: bytes) -> Iterator[memoryview]:
    """Yield the sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1)."""
    data, place = memoryview(extradata), 5
    for mask in (0x1F, 0xFF):
        if place >= len(data):
            return
        count, place = data[place] & mask, place + 1
        for _ in range(count):
            size = int.from_bytes(data[place : place + 2], "big")
            yield data[place + 2 : place + 2 + size]
            place += 2 + size


def sei_payloads(sei: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of each message in a unit of them, without its header (ITU-T H.264, 7.3.2.3.1)."""
    place = 0
    while place + 2 < len(sei):
        kind = size = 0
        for number in range(2):
            value = 0
            while place < len(sei) and sei[place] == 0xFF:  # noqa: PLR2004 - ff_byte
                value, place = value + 255, place + 1
            if place >= len(sei):
                return
            value, place = value + sei[place], place + 1
            kind, size = (value, 0) if number == 0 else (kind, value)
        yield kind, sei[place : place + size]
        place += size


def _recovers_at_once(sei: bytes) -> bool:
    """Return whether there is a recovery point whose very picture is right (D.2.8: recovery_frame_cnt is 0)."""
    points = (content for kind, content in sei_payloads(sei) if kind == _AVC_RECOVERY_POINT)
    first = next(points, b"")
    return bool(first) and bool(first[0] & 0x80)  # ue(v) of 0 is a single one bit.


@final
class Hevc:
    """HEVC: sub-layer non-reference pictures, which count only where there is one temporal layer, and IRAP pictures."""

    def __init__(self, extradata: bytes) -> None:
        self._length = nal_length("hevc", extradata)
        self.layered = False
        """Whether a higher temporal layer was seen: then a non-reference picture of a lower one may be needed there."""
        self.hashed = False
        """Whether hashes of decoded pictures were seen, by which a decoder finds damage."""

    def __call__(self, data: memoryview) -> Marks:
        seen = needed = key = entry = False
        for unit in units(data, self._length):
            if len(unit) < 2:  # noqa: PLR2004 - nal_unit_header()
                continue
            kind, layer = unit[0] >> 1 & 63, (unit[1] & 7) - 1
            self.hashed = self.hashed or (kind == _HEVC_SUFFIX_SEI and unit[2:3].tobytes() == bytes([_HEVC_HASH]))
            if kind <= _HEVC_LAST_SLICE:
                seen = True
                self.layered = self.layered or layer > 0
                key = key or kind in _HEVC_IRAP
                entry = entry or kind in _HEVC_ENTRIES
                needed = needed or kind >= _HEVC_IRAP.start or bool(kind & 1)
        return Marks(seen and not needed, key, entry)


@final
class _Vvc:
    """VVC: which key pictures are IDR pictures; which pictures nobody needs, its headers do not say."""

    def __init__(self, extradata: bytes) -> None:
        self._length = nal_length("vvc", extradata)

    def __call__(self, data: memoryview) -> Marks:
        kinds = {unit[1] >> 3 for unit in units(data, self._length) if len(unit) >= 2}  # noqa: PLR2004
        idr = not kinds.isdisjoint(_VVC_IDR)
        return Marks(key=idr or _VVC_CRA in kinds, entry=idr)


def _mpeg2(data: memoryview) -> Marks:
    """Return the marks by the coding types of all pictures in the packet: it may be two fields."""
    whole = bytes(data)
    place, kinds = whole.find(_MPEG2_PICTURE), list[int]()
    while 0 <= place <= len(whole) - 6:
        kinds.append(whole[place + 5] >> 3 & 7)
        place = whole.find(_MPEG2_PICTURE, place + 4)
    return _by_kinds(kinds, 1, 3)


def _by_kinds(kinds: Sequence[int], intra: int, bidirectional: int, *, hidden: bool = False) -> Marks:
    """Return the marks of a packet whose pictures are coded so, by the codec's own numbers."""
    key = kinds[:1] == [intra]
    return Marks(set(kinds) == {bidirectional}, key, key, hidden=hidden)


@final
class Mpeg4:
    """MPEG-4: the coding types of pictures, and pictures that are not coded (ISO/IEC 14496-2, 6.2.3 and 6.2.5)."""

    def __init__(self, extradata: bytes) -> None:
        self._increment_bits: int | None = None
        self._placeholders = 0
        self.packed = False
        """Whether two pictures came in one packet, so that packets' times are not those of pictures."""
        self(memoryview(extradata))

    def __call__(self, data: memoryview) -> Marks:
        kinds: list[int] = []
        coded = True
        for unit in units(data, 0):
            try:
                if unit[0] in _MPEG4_LAYERS:
                    self._increment_bits = _increment_bits(Bits(bytes(unit[1:_MPEG4_HEADER])))
                elif unit[0] == _MPEG4_PICTURE:
                    bits = Bits(bytes(unit[1:_MPEG4_HEADER]))
                    kinds.append(bits.take(2))
                    coded = coded and self._is_coded(bits)
            except (OutOfBits, IndexError):
                pass
        self._placeholders += max(0, len(kinds) - 1)
        self.packed = self.packed or len(kinds) > 1
        # One that is not coded is no picture: the one before stays. But where two pictures were packed into one packet,
        # it only stands where the second would have stood, and nothing is missing.
        absent = not coded and len(kinds) == 1
        hidden = absent and not self._placeholders
        self._placeholders -= absent and not hidden
        return _by_kinds(kinds, 0, 2, hidden=hidden)

    def _is_coded(self, bits: Bits) -> bool:
        if self._increment_bits is None:
            return True
        while bits.take(1):  # modulo_time_base
            pass
        bits.take(1 + self._increment_bits + 1)
        return bool(bits.take(1))


def _increment_bits(bits: Bits) -> int:
    """Return how many bits a picture's vop_time_increment has, by its layer's resolution."""
    bits.take(9)
    if bits.take(1):
        bits.take(7)
    if bits.take(4) == 15:  # noqa: PLR2004 - extended_PAR
        bits.take(16)
    if bits.take(1):
        bits.take(3)
        if bits.take(1):
            bits.take(79)  # vbv_parameters
    bits.take(3)
    return max(1, (bits.take(16) - 1).bit_length())


def _vp8(data: memoryview) -> Marks:
    key = bool(len(data)) and not data[0] & 1  # RFC 6386, 9.1.
    return Marks(key=key, entry=key, hidden=bool(len(data)) and not data[0] & 0x10)


_READERS: Final[Mapping[str, Callable[[bytes], Callable[[memoryview], Marks]]]] = {
    "h264": Avc,
    "hevc": Hevc,
    "mpeg1video": lambda _: _mpeg2,
    "mpeg2video": lambda _: _mpeg2,
    "mpeg4": Mpeg4,
    "vp8": lambda _: _vp8,
    "vvc": _Vvc,
}
