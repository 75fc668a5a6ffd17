"""Cuts the decoder's stream of pictures into pictures, exactly: each format says how long it is."""

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from app.domain.options import ImageFormat
from app.infra.ffmpeg.sequence_headers import jpeg_frame_header

_PART: Final = re.compile(rb"(?s)(?:\r\n)?--ffmpeg\r\n(?:.*?\r\n)?(?i:content-length):[ \t]*(\d+)[ \t]*(?:\r\n.*)?")
_HEADER_MAX: Final = 512
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK_FRAME: Final = 12  # Length, type and CRC around a chunk's data (ISO/IEC 15948, 5.3).
_RIFF_HEADER: Final = 12
_PNG_HEAD: Final = 24  # Up to the height in IHDR.
_JPEG_HEAD: Final = 9  # Up to the width in a frame header.
_WEBP_HEAD: Final = 30  # Up to the height in any kind of first chunk.


class BrokenStream(Exception):
    """The pictures do not follow one another as their format says."""


class Splitter:
    """Takes the stream in pieces of any size and gives whole pictures; holds no more than one of them and a piece."""

    def __init__(self, image_format: ImageFormat, max_bytes: int) -> None:
        self._measure = _MEASURES[image_format]()
        self._max = max_bytes
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Return the pictures that this piece completes.

        :raises BrokenStream: where the stream is not of the format, or one picture is longer than ``max_bytes``
        """
        self._buffer += piece
        while (place := self._measure(self._buffer)) is not None:
            start, end = place
            if end - start > self._max:
                raise BrokenStream
            if len(self._buffer) < end:
                return
            with memoryview(self._buffer) as view:
                picture = bytes(view[start:end])
            del self._buffer[:end]
            yield picture


def _multipart(buffer: bytearray) -> tuple[int, int] | None:
    """The mpjpeg muxer: MIME parts (RFC 2046), each with its Content-length."""
    head_end = buffer.find(b"\r\n\r\n", len(b"\r\n"), _HEADER_MAX)  # A part may open with the line end of the last.
    if head_end < 0 and len(buffer) < _HEADER_MAX:
        return None
    head = _PART.fullmatch(buffer[: max(0, head_end)])  # In whose length a sign too is none of the muxer's.
    if head is None:
        raise BrokenStream
    return head_end + 4, head_end + 4 + int(head[1])


class _Png:
    """PNG pictures one after the other: chunks up to IEND."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, buffer: bytearray) -> tuple[int, int] | None:
        if self._seen == 0:
            if len(buffer) < len(_PNG_SIGNATURE):
                return None
            if not buffer.startswith(_PNG_SIGNATURE):
                raise BrokenStream
            self._seen = len(_PNG_SIGNATURE)
        while len(buffer) >= self._seen + 8:
            length, kind = struct.unpack_from(">I4s", buffer, self._seen)
            end = self._seen + _PNG_CHUNK_FRAME + length
            if kind == b"IEND":
                if len(buffer) >= end:
                    self._seen = 0
                return 0, end
            self._seen = end
        return 0, self._seen + _PNG_CHUNK_FRAME  # At least this long: one more chunk follows.


def _riff(buffer: bytearray) -> tuple[int, int] | None:
    """WebP pictures one after the other: the RIFF header says how long each is (RFC 9649, 2.3)."""
    if len(buffer) < _RIFF_HEADER:
        return None
    riff, size, form = struct.unpack_from("<4sI4s", buffer)
    if riff != b"RIFF" or form != b"WEBP":
        raise BrokenStream
    return 0, 8 + size + size % 2


_MEASURES: Final[Mapping[ImageFormat, Callable[[], Callable[[bytearray], tuple[int, int] | None]]]] = {
    ImageFormat.JPEG: lambda: _multipart,
    ImageFormat.PNG: _Png,
    ImageFormat.WEBP: lambda: _riff,
}
"""What makes what finds the next picture: its first byte and the one after its last, None until it can be told.

The second may be a lower bound while it lies behind the buffer's end.
"""


def picture_size(image_format: ImageFormat, data: bytes) -> tuple[int, int]:
    """Return an encoded picture's width and height in pixels, from its own header.

    :raises BrokenStream: where it is no picture of the format
    """
    return _SIZES[image_format](data)


def _png_size(data: bytes) -> tuple[int, int]:
    """Read the first chunk (ISO/IEC 15948, 11.2.2)."""
    if len(data) < _PNG_HEAD or data[12:16] != b"IHDR":
        raise BrokenStream
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Read the frame header (ITU-T T.81, B.2.2)."""
    header = jpeg_frame_header(data)
    if len(header) < _JPEG_HEAD:
        raise BrokenStream
    height, width = struct.unpack_from(">HH", header, 5)
    return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read the first chunk (RFC 9649, 2.5 to 2.7)."""
    kind = data[12:16] if len(data) >= _WEBP_HEAD else b""
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise BrokenStream


_SIZES: Final[Mapping[ImageFormat, Callable[[bytes], tuple[int, int]]]] = {
    ImageFormat.JPEG: _jpeg_size,
    ImageFormat.PNG: _png_size,
    ImageFormat.WEBP: _webp_size,
}
