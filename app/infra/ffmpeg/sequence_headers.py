"""What a key packet's own headers say of how its picture, and those after it, look: size, shape, colours, fields.

Nothing in them is understood here. They are compared, for only where they change can the look, and then the decoder is
asked. Runs in the confined child: the bytes are a stranger's.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from app.infra.ffmpeg.picture_headers import nal_length, sei_payloads, units

Headers = Callable[[memoryview], bytes]

_LONGEST: Final = 4096
_SEARCHED: Final = 8 * 1024
"""Headers stand at a packet's start; to look for more through all of a film would cost as much as its listing."""
_AV1_SEQUENCE: Final = 1  # obu_type (AV1 bitstream specification, 6.2.2).
_JPEG_FRAMES: Final = range(0xC0, 0xC4)  # SOF0 to SOF3 (ITU-T T.81, table B.1).


def headers_of(codec: str, extradata: bytes) -> Headers | None:
    """Return what gives the headers of a key packet, empty where it has none; None for a codec that is not followed."""
    if codec not in _UNITS:
        return _HEADERS.get(codec)
    length, (kind, header, sets, messages, slices) = nal_length(codec, extradata), _UNITS[codec]

    def before_the_slices(data: memoryview) -> bytes:
        found = []
        for unit in units(data[:_SEARCHED], length):
            if len(unit) < header:
                continue
            if kind(unit) in slices:
                break
            if kind(unit) == sets:
                found.append(bytes(unit[:_LONGEST]))
            elif kind(unit) == messages:
                told = sei_payloads(bytes(unit[header:_LONGEST]))
                found.extend(content for message, content in told if message in _MESSAGES_OF_LOOKS)
        return b"".join(found)

    return before_the_slices


def fields_may_come(codec: str, header: bytes) -> bool:
    """Return whether such a header lets pictures of two fields come, though the first ones may have none."""
    if codec == "mpeg2video":  # progressive_sequence of the sequence extension (ISO/IEC 13818-2, 6.2.2.3).
        extension = header.partition(b"\x00\x00\x01\xb5")[2]
        return len(extension) > 1 and extension[0] >> 4 == 1 and not extension[1] & 0x08
    # INTERLACE (SMPTE 421M, 6.1.9).
    return codec == "vc1" and len(header) > 9 and bool(header[9] & 0x40)  # noqa: PLR2004 - the byte that has it


_UNITS: Final[Mapping[str, tuple[Callable[[memoryview], int], int, int, int, range]]] = {
    # The type of a NAL unit, how long its header is; sequence parameter sets, messages and slices of pictures.
    "h264": (lambda unit: unit[0] & 31, 1, 7, 6, range(1, 6)),  # ITU-T H.264, table 7-1.
    "hevc": (lambda unit: unit[0] >> 1 & 63, 2, 33, 39, range(32)),  # ITU-T H.265, table 7-1.
    "vvc": (lambda unit: unit[1] >> 3, 2, 15, 23, range(12)),  # ITU-T H.266, table 5.
}
_MESSAGES_OF_LOOKS: Final = frozenset({47, 147})  # Display orientation, alternative transfer (H.265, D.2.1).


def _between(start: bytes, stop: bytes) -> Headers:
    """Return what stands from one start code, after which it has at least a byte, to before another."""
    found = re.compile(b"\x00\x00\x01" + start + b".(.*?)\x00\x00\x01" + stop, re.DOTALL)

    def headers(data: memoryview) -> bytes:
        match = found.search(data[:_SEARCHED])
        return match[0] if match else b""

    return headers


def _slice(start: int, stop: int) -> Headers:
    return lambda data: bytes(data[start:stop])


def _vp9(data: memoryview) -> bytes:
    """Return a key picture's uncompressed header as far as its size (VP9 bitstream specification, 6.2)."""
    deep = len(data) and data[0] & 0x30  # Profiles 1 to 3 say more of their pixels.
    return bytes(data[: 10 if deep else 9])


def _av1(data: memoryview) -> bytes:
    """Return the sequence header (AV1 bitstream specification, 5.3)."""
    place = 0
    while place < min(len(data), _SEARCHED):
        header = data[place]
        place += 2 if header & 4 else 1
        size = shift = 0
        while header & 2 and place < len(data) and shift < 32:  # noqa: PLR2004 - leb128()
            size, place, shift = size | (data[place] & 127) << shift, place + 1, shift + 7
            if not data[place - 1] & 128:
                break
        if header >> 3 & 15 == _AV1_SEQUENCE:
            return bytes(data[place : place + min(size, _LONGEST)])
        if not header & 2:
            break
        place += size
    return b""


def jpeg_frame_header(data: bytes | memoryview) -> bytes:
    """Return the frame header (ITU-T T.81, B.2.2), found by the segments' lengths; empty where there is none."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:  # noqa: PLR2004 - every marker begins so
        size = int.from_bytes(data[place + 2 : place + 4], "big")
        if data[place + 1] in _JPEG_FRAMES:
            return bytes(data[place : place + 2 + min(size, _LONGEST)])
        place += 2 + size
    return b""


def _dv(data: memoryview) -> bytes:
    """Return the application, and the display mode of the first VAUX source control pack (IEC 61834-4, 9.2)."""
    pack = data[453:458]  # In the sixth block of the first sequence, behind nine packs.
    return bytes((data[4] & 7, pack[2] & 7)) if len(pack) == 5 and pack[0] == 0x61 else b""  # noqa: PLR2004


_HEADERS: Final[Mapping[str, Headers]] = {
    "av1": _av1,
    "dnxhd": _slice(5, 44),  # Fields, size, depth, compression (SMPTE ST 2019-1, 7.2).
    "dvvideo": _dv,
    "mjpeg": jpeg_frame_header,
    "mpeg1video": _between(b"\xb3", b"[\x00\xb8]"),  # A sequence with its extensions (ISO/IEC 13818-2, 6.2.2).
    "mpeg2video": _between(b"\xb3", b"[\x00\xb8]"),
    "mpeg4": _between(b"[\x20-\x2f]", b"[\xb3\xb6]"),  # A layer (ISO/IEC 14496-2, 6.2.3).
    "png": _slice(8, 29),  # IHDR (ISO/IEC 15948, 11.2.2).
    "prores": _slice(16, 28),  # Size, fields, colours (SMPTE RDD 36, 5.1).
    "vc1": _between(b"\x0f", b"[\x0d\x0e]"),  # A sequence of the advanced profile (SMPTE 421M, 6.1).
    "vp8": _slice(3, 10),  # RFC 6386, 9.1.
    "vp9": _vp9,
}
