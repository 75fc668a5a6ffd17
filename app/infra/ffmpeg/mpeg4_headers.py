"""What the headers of MPEG-4 pictures say (ISO/IEC 14496-2, 6.2.3 and 6.2.5). The bytes are a stranger's."""

from typing import Final, final

from app.infra.ffmpeg.bits import Bits, OutOfBits

_START: Final = b"\x00\x00\x01"
_LAYERS: Final = range(0x20, 0x30)  # Table 6-3: a video object layer, whose time resolution its pictures count on.
_PICTURE: Final = 0xB6
_HEADER_BYTES: Final = 64
_EXTENDED_PIXEL: Final = 15
_VBV_BITS: Final = 79

INTRA: Final = 0
BIDIRECTIONAL: Final = 2


@final
class Mpeg4Pictures:
    """Follows a stream's layer headers and tells of a packet's pictures how they are coded."""

    def __init__(self, extradata: bytes) -> None:
        self._increment_bits: int | None = None
        self._placeholders = 0
        self.packed = False
        """Whether any packet had two pictures."""
        self.read(extradata)

    def read(self, data: bytes) -> tuple[list[int], bool]:
        """Return the coding types of the pictures in a packet, and whether it is of one that is not coded at all.

        Such a one is no picture: the one before stays. But where two pictures were packed into one packet, it only
        stands where the second would have stood, and nothing is missing.
        """
        kinds: list[int] = []
        coded = True
        place = data.find(_START)
        while 0 <= place < len(data) - 4:
            header = data[place + 4 : place + 4 + _HEADER_BYTES]
            try:
                if data[place + 3] in _LAYERS:
                    self._increment_bits = _increment_bits(Bits(header))
                elif data[place + 3] == _PICTURE:
                    kinds.append(header[0] >> 6)
                    coded = coded and self._is_coded(Bits(header))
            except OutOfBits:
                pass
            place = data.find(_START, place + 3)
        self._placeholders += max(0, len(kinds) - 1)
        self.packed = self.packed or len(kinds) > 1
        if coded or len(kinds) != 1:
            return kinds, False
        if self._placeholders:
            self._placeholders -= 1
            return kinds, False
        return kinds, True

    def _is_coded(self, bits: Bits) -> bool:
        if self._increment_bits is None:
            return True
        bits.take(2)
        while bits.take(1):  # modulo_time_base
            pass
        bits.take(1 + self._increment_bits + 1)
        return bool(bits.take(1))


def _increment_bits(bits: Bits) -> int:
    """Return how many bits a picture's vop_time_increment has, by its layer's resolution."""
    bits.take(9)
    if bits.take(1):
        bits.take(7)
    if bits.take(4) == _EXTENDED_PIXEL:
        bits.take(16)
    if bits.take(1):
        bits.take(3)
        if bits.take(1):
            bits.take(_VBV_BITS)
    bits.take(3)
    return max(1, (bits.take(16) - 1).bit_length())
