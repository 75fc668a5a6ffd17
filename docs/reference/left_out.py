"""Make the pictures of docs/frames.md that show what is left out, and what is taken instead.

    make samples && python -m docs.reference.left_out

They are of the real films that the tests use: every candidate small, what is left out darkened.
"""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.decoding_settings import DecodingSettings
from app.domain.frame import Frame
from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.program import program

_ROOT: Final = Path(__file__).resolve().parents[2]
_SAMPLES: Final = _ROOT / ".samples"
_PICTURES: Final = _ROOT / "docs" / "frames"
_EXTRACTOR: Final = FfmpegFrameExtractor(Limits.of(DecodingSettings()), with_storyboard=False)
_COLUMNS: Final = 10
_LEFT_OUT: Final = "colorchannelmixer=rr=0.2:gg=0.2:bb=0.2,format=yuvj420p"


async def _taken(film: str, options: ExtractionOptions) -> list[Frame]:
    async with _EXTRACTOR.open(_SAMPLES / film, options) as (_, extraction):
        return [frame async for frame in extraction]


def _ffmpeg(pictures: list[bytes], filters: str, into: str) -> bytes:
    words = ["-y", "-nostdin", "-v", "error", "-f", "jpeg_pipe", "-i", "pipe:0", "-vf", filters]
    command = [program(), *words, "-fps_mode", "passthrough", "-c:v", "mjpeg", "-q:v", "5", "-f", "image2pipe", into]
    return subprocess.run(command, input=b"".join(pictures), check=True, capture_output=True).stdout


async def _distinct(film: str, share: float, name: str) -> None:
    """Show every picture of four a second, and darkened what is left out."""
    all_of_them = ExtractionOptions(FrameSelection(SelectionKind.FRAMES_PER_SECOND, 4), max_width=96)
    kept = {frame.number for frame in await _taken(film, replace(all_of_them, distinct=share))}
    shown = await _taken(film, all_of_them)
    tiles = [f.data if f.number in kept else _ffmpeg([f.data], _LEFT_OUT, "pipe:1") for f in shown]
    rows = -(-len(tiles) // _COLUMNS)
    _ffmpeg(tiles, f"tile={_COLUMNS}x{rows}:padding=3:color=white,format=yuvj420p", str(_PICTURES / name))


async def _sharpest(film: str, instant: float, name: str) -> None:
    """Show the picture of an instant, and beside it the sharpest near it."""
    plain = ExtractionOptions(FrameSelection(SelectionKind.TIMESTAMPS, timestamps=(instant,)), max_width=420)
    pair = [*await _taken(film, plain), *await _taken(film, replace(plain, sharpest=True))]
    sys.stdout.write(f"{name}: {[(frame.time_seconds, frame.scores) for frame in pair]}\n")
    _ffmpeg([frame.data for frame in pair], "tile=2x1:padding=6:color=white", str(_PICTURES / name))


async def main() -> None:
    """Make them all."""
    for share in (0.4, 0.6, 0.8):
        await _distinct("bikes.mp4", share, f"distinct-{share:.2f}.jpg")
    await _sharpest("bikes.mp4", 4.0, "sharpest.jpg")


if __name__ == "__main__":
    asyncio.run(main())
