"""Films of known colours, and their pictures as a reader sees them that knows nothing of us."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.film import Look
from app.domain.options import ExtractionOptions, ImageFormat
from app.infra.ffmpeg.arguments import encoding
from app.infra.ffmpeg.look import Rendering, rendering
from tests.clips import FFMPEG, ffmpeg

MAX_PIXELS = 35_651_584
FORMATS = list(ImageFormat)
COLOURS = [
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255),
    (255, 255, 255), (0, 0, 0), (221, 56, 46), (128, 128, 128),
]  # fmt: skip
LOSSLESS = ("-c:v", "ffv1")
QUARTER = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)  # Clockwise.
# What a reader assumes of a file that says nothing: JFIF, PNG's RGB, and RFC 9649 for WebP.
READER = {
    ImageFormat.JPEG: ("jpeg_pipe", "in_color_matrix=bt601:in_range=full"),
    ImageFormat.PNG: ("png_pipe", "in_range=full"),
    ImageFormat.WEBP: ("webp_pipe", "in_color_matrix=bt601:in_range=limited"),
}

Colour = tuple[int, ...]


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    data: bytes

    def at(self, across: float, down: float = 0.5) -> Colour:
        place = 4 * (int(down * self.height) * self.width + int(across * self.width))
        return tuple(self.data[place : place + 4])

    def strips(self, count: int) -> list[Colour]:
        return [self.at((i + 0.5) / count)[:3] for i in range(count)]


def made(film: Path, made_so: Rendering, options: ExtractionOptions, *before: str, pictures: int = 1) -> bytes:
    command = [
        FFMPEG, "-nostdin", "-v", "error", *before, "-noautorotate", "-i", str(film),
        "-filter_complex", f"[0:v:0]{made_so.filters}[o]", "-map", "[o]", "-frames:v", str(pictures),
        *encoding(options), "-flags:v", "+bitexact", "-f", "image2pipe", "-",
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True).stdout


def read(data: bytes, image_format: ImageFormat) -> list[Picture]:
    demuxer, colours = READER[image_format]
    command = [
        FFMPEG, "-v", "error", "-f", demuxer, "-i", "-", "-fps_mode", "passthrough",
        "-vf", f"scale={colours}:out_range=full:flags=bicubic+accurate_rnd+full_chroma_int,format=rgba",
        "-c:v", "pam", "-noautoscale", "-f", "image2pipe", "-",
    ]  # fmt: skip
    out, pictures = subprocess.run(command, check=True, capture_output=True, input=data).stdout, []
    while out:
        header, _, rest = out.partition(b"ENDHDR\n")
        width, height = (int(re.findall(rb"%s (\d+)" % side, header)[0]) for side in (b"WIDTH", b"HEIGHT"))
        pictures.append(Picture(width, height, rest[: width * height * 4]))
        out = rest[width * height * 4 :]
    return pictures


def shown(film: Path, look: Look, options: ExtractionOptions, *before: str) -> Picture:
    made_so = rendering(look, options, MAX_PIXELS)
    (picture,) = read(made(film, made_so, options, *before), options.format)
    assert (picture.width, picture.height) == (made_so.width, made_so.height)
    return picture


def as_format(image_format: ImageFormat) -> ExtractionOptions:
    return ExtractionOptions(format=image_format, quality=100)


def farthest(got: Sequence[Colour], expected: Sequence[Colour]) -> int:
    return max(abs(a - b) for one, other in zip(got, expected, strict=True) for a, b in zip(one, other, strict=True))


def strips(folder: Path, colours: Sequence[Sequence[int]], size: tuple[int, int], pixels: str = "rgb24") -> list[str]:
    """Store two pictures of upright strips; give ffmpeg's arguments that read them."""
    width, height = size
    depth = 2 if "48" in pixels else 1
    row = b"".join(
        b"".join(value.to_bytes(depth, "little") for value in colour) * (width // len(colours)) for colour in colours
    )
    stored = folder / "strips.raw"
    stored.write_bytes(row * height * 2)
    return ["-f", "rawvideo", "-pix_fmt", pixels, "-s", f"{width}x{height}", "-r", "25", "-i", str(stored)]


def film(path: Path, source: Sequence[str], scaled: str, *arguments: str) -> Path:
    exact = "flags=accurate_rnd+full_chroma_int"
    ffmpeg(*source, "-vf", f"scale={scaled.replace(',', f':{exact},', 1)}", *arguments, path)
    return path
