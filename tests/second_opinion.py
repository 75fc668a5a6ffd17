"""Decodes a whole film with PyAV, which has another version of the libraries than the ffmpeg that we ship.

``python second_opinion.py <film>`` writes for each picture its presentation timestamp, whether it can be trusted, and
itself at a small size. After an error, or a picture marked as corrupt, none is trusted up to the next key picture.
It is a process of its own, since a damaged film may end it.
"""

import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import av

SMALL: Final = (32, 24)
_BYTES: Final = 3 * SMALL[0] * SMALL[1]
_HEAD: Final = struct.Struct("=q?")
_LONGEST: Final = 60


@dataclass(frozen=True)
class Seen:
    """A picture as small RGB; ``pts`` is in ticks."""

    pts: int
    trusted: bool
    pixels: bytes


def second_opinion(film: Path) -> list[Seen]:
    """Give all that came, also where the program did not end well."""
    command = [sys.executable, __file__, str(film)]
    told = subprocess.run(command, check=False, capture_output=True, timeout=_LONGEST).stdout
    found = []
    for place in range(0, len(told) - _HEAD.size - _BYTES + 1, _HEAD.size + _BYTES):
        pts, trusted = _HEAD.unpack_from(told, place)
        pixels = place + _HEAD.size
        found.append(Seen(pts, trusted, told[pixels : pixels + _BYTES]))
    return found


def far(a: bytes, b: bytes) -> int:
    """Give the greatest difference of any value of two small pictures."""
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def _tell(source: str, told: BinaryIO) -> None:
    with av.open(source, metadata_errors="replace") as container:
        films = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        trusted = False  # Pictures before the first key picture are none.
        for packet in container.demux(films[0]):
            frames: list[Any] = []
            try:
                frames = list(packet.decode())
            except av.error.FFmpegError:
                trusted = False
            for frame in frames:
                trusted = not frame.is_corrupt and (trusted or frame.key_frame)
                small = frame.reformat(*SMALL, format="rgb24", interpolation="AREA").planes[0]
                rows = bytes(small)
                pixels = b"".join(
                    rows[y * small.line_size : y * small.line_size + 3 * SMALL[0]] for y in range(SMALL[1])
                )
                told.write(_HEAD.pack(-(2**63) if frame.pts is None else frame.pts, trusted) + pixels)


if __name__ == "__main__":
    _tell(sys.argv[1], sys.stdout.buffer)
