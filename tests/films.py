"""Films whose pictures say their own number: sixteen black or white blocks along the top, the lowest bit on the left.

So a test knows which picture it got without asking anybody. Below is a colour of its own for each number.
"""

import hashlib
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, final

from app.domain.frame import Frame
from app.domain.options import ImageFormat
from tests.clips import FFMPEG, ffmpeg

BITS: Final = 16
SIZE: Final = (128, 96)
"""The usual width and height: each block is eight pixels wide, as those are of which codecs are made."""

X264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
VP8: Final = ("-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M")
VP9: Final = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M")
X265: Final = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params")
"""More parameters must follow; ``quiet`` is one that changes nothing."""
QUIET: Final = "log-level=none"

_DEMUXER: Final = {ImageFormat.JPEG: "jpeg_pipe", ImageFormat.PNG: "png_pipe", ImageFormat.WEBP: "webp_pipe"}


def picture(number: int, size: tuple[int, int] = SIZE) -> bytes:
    """Draw one, as rows of RGB."""
    width, height = size
    block, shown = width // BITS, height // 3
    bits = b"".join((b"\xff" if number >> bit & 1 else b"\x00") * (3 * block) for bit in range(BITS))
    colour = bytes(40 + number * step % 160 for step in (7, 13, 29))
    return bits.ljust(3 * width, b"\x00") * shown + colour * (width * (height - shown))


def numbers(pictures: Sequence[bytes], image_format: ImageFormat = ImageFormat.PNG) -> list[int]:
    """Read what encoded pictures of any size say."""
    if not pictures:
        return []
    small = decoded(pictures, image_format, f"scale={BITS}:3:flags=area:out_range=full,format=gray")
    found = [small[place : place + BITS] for place in range(0, len(small), 3 * BITS)]
    assert len(found) == len(pictures), "a picture cannot be decoded"
    return [sum((level > 127) << bit for bit, level in enumerate(row)) for row in found]


def numbers_of(frames: Iterable[Frame], image_format: ImageFormat = ImageFormat.PNG) -> list[int]:
    return numbers([frame.data for frame in frames], image_format)


def decoded(pictures: Sequence[bytes], image_format: ImageFormat, filters: str) -> bytes:
    """Decode encoded pictures with plain ffmpeg; the filters say into which kind of pixels."""
    command = [
        FFMPEG, "-hide_banner", "-v", "error", "-f", _DEMUXER[image_format], "-i", "pipe:0",
        "-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1",
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, input=b"".join(pictures)).stdout


@final
class Films:
    """Makes films when first asked for them; nobody may change one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def numbered(
        self,
        name: str,
        count: int,
        rate: int | str,
        *encoding: str | Path,
        first: int = 0,
        size: tuple[int, int] = SIZE,
    ) -> Path:
        """Encode so many pictures, from number ``first`` on, at ``rate`` a second."""
        path = self._place(name, count, rate, encoding, first, size)
        if not path.exists():
            command = [
                FFMPEG, "-hide_banner", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
                "-s", f"{size[0]}x{size[1]}", "-r", str(rate), "-i", "pipe:0", *encoding, path,
            ]  # fmt: skip
            raw = b"".join(picture(number, size) for number in range(first, first + count))
            subprocess.run(command, check=True, capture_output=True, input=raw)
        return path

    def at(self, name: str, count: int, seconds: str, *encoding: str | Path, clock: int = 90_000) -> Path:
        """Encode pictures that come when ``seconds`` says, an expression of the number ``N``, on a clock so fine.

        The last one lasts a thirtieth of a second, if nothing else is said.
        """
        times = f"settb=1/{clock},setpts='round(({seconds})*{clock})'"
        return self.numbered(
            name, count, 30, "-vf", times, "-fps_mode", "passthrough", "-enc_time_base", f"1/{clock}", *encoding
        )

    def made(self, name: str, *arguments: str | Path) -> Path:
        """Make one with plain ffmpeg, of others for instance."""
        path = self._place(name, arguments)
        if not path.exists():
            ffmpeg(*arguments, path)
        return path

    def copied(self, name: str, source: Path, *arguments: str | Path) -> Path:
        """Put the same packets into another container, or the same one with a difference."""
        return self.made(name, "-i", source, "-c", "copy", *arguments)

    def written(self, name: str, data: bytes) -> Path:
        path = self._place(name, data)
        path.write_bytes(data)
        return path

    def _place(self, name: str, *made_of: object) -> Path:
        """Return a place that no film of the same name has that is made otherwise, in whatever file of tests."""
        folder = self._folder / hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]
        folder.mkdir(exist_ok=True)
        return folder / name
