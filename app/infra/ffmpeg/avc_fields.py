"""Which H.264 packets hold but one field of a picture, as camcorders write them: two such packets give one picture.

Reads just as much of the parameter sets and slice headers as tells that (ITU-T H.264, 7.3.2.1.1, 7.3.2.2, 7.3.3).
Runs in the confined child: the bytes are a stranger's.
"""

from typing import Final, NamedTuple, final

from app.infra.ffmpeg.bits import Bits, OutOfBits

_SPS: Final = 7
_PPS: Final = 8
_SLICES: Final = frozenset({1, 5})
_HEADER_BYTES: Final = 64
"""More than the beginning of a slice header takes."""
_CHROMA_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class _Sequence(NamedTuple):
    """What of a sequence parameter set the slice header depends on."""

    separate_planes: bool
    frame_number_bits: int
    frames_only: bool


class Field(NamedTuple):
    """One field of a picture: which of both, and of which frame."""

    bottom: bool
    frame_number: int


@final
class AvcFields:
    """Follows a stream's parameter sets and says of a slice whether it is of a lone field."""

    def __init__(self) -> None:
        self._sequences: dict[int, _Sequence] = {}
        self._sequence_of: dict[int, int] = {}

    @property
    def may_occur(self) -> bool:
        """Whether the stream may have pictures of two fields, be it in one packet."""
        return not all(known.frames_only for known in self._sequences.values())

    def read(self, unit: memoryview) -> Field | None:
        """Return the field that a NAL unit is a slice of, None for all others and for what makes no sense."""
        kind = unit[0] & 31
        try:
            if kind == _SPS:
                self._read_sequence(_payload(unit))
            elif kind == _PPS:
                bits = _payload(unit[:_HEADER_BYTES])
                picture = bits.golomb()
                self._sequence_of[picture] = bits.golomb()
            elif kind in _SLICES and self.may_occur:
                return self._read_slice(_payload(unit[:_HEADER_BYTES]))
        except OutOfBits:
            pass
        return None

    def _read_sequence(self, bits: Bits) -> None:
        profile = bits.take(8)
        bits.take(16)
        identity = bits.golomb()
        separate = False
        if profile in _CHROMA_PROFILES:
            separate = _read_chroma(bits)
        frame_number_bits = bits.golomb() + 4
        order = bits.golomb()
        if order == 0:
            bits.golomb()
        elif order == 1:
            bits.take(1)
            bits.signed_golomb()
            bits.signed_golomb()
            for _ in range(bits.golomb()):
                bits.signed_golomb()
        bits.golomb()  # max_num_ref_frames
        bits.take(1)
        bits.golomb()  # Width and height in macroblocks.
        bits.golomb()
        self._sequences[identity] = _Sequence(separate, frame_number_bits, bool(bits.take(1)))

    def _read_slice(self, bits: Bits) -> Field | None:
        bits.golomb()  # first_mb_in_slice
        bits.golomb()  # slice_type
        sequence = self._sequences.get(self._sequence_of.get(bits.golomb(), -1))
        if sequence is None or sequence.frames_only:
            return None
        if sequence.separate_planes:
            bits.take(2)
        number = bits.take(sequence.frame_number_bits)
        return Field(bool(bits.take(1)), number) if bits.take(1) else None


def _payload(unit: memoryview) -> Bits:
    """Return a NAL unit's payload without what prevents emulation of start codes (7.3.1)."""
    return Bits(bytes(unit[1:]).replace(b"\0\0\3", b"\0\0"))


def _read_chroma(bits: Bits) -> bool:
    """Read what the high profiles add; return whether the colour planes are coded apart."""
    chroma = bits.golomb()
    separate = chroma == 3 and bool(bits.take(1))  # noqa: PLR2004 - 4:4:4
    bits.golomb()
    bits.golomb()
    bits.take(1)
    if bits.take(1):  # seq_scaling_matrix_present_flag
        for index in range(8 if chroma != 3 else 12):  # noqa: PLR2004 - as many lists
            if bits.take(1):
                _pass_over_scaling_list(bits, 16 if index < 6 else 64)  # noqa: PLR2004 - six small ones first
    return separate


def _pass_over_scaling_list(bits: Bits, size: int) -> None:
    """7.3.2.1.1.1: a list ends early where its next scale is 0."""
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last
