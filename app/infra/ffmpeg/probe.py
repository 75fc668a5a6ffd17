"""Reads what ffmpeg says about a file: there is no ffprobe in the wheel."""

import re
from pathlib import Path
from typing import Final

from app.domain.container import SNIFF_BYTES, check_container
from app.domain.errors import ProcessingError, UnsupportedFileFormat
from app.domain.failure import FailureCode
from app.domain.video import MediaInfo
from app.infra.ffmpeg.codecs import DECODER
from app.infra.ffmpeg.judge import blame

_DURATION: Final = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?),", re.MULTILINE)
_STREAM: Final = re.compile(r"^  Stream #0:\d+\S*: (\w+): (.*)$", re.MULTILINE)  # Text of the file's stands deeper.
_SIZE: Final = re.compile(r", (\d{1,6})x(\d{1,6})(?=[,\s]|$)")
_RATE: Final = re.compile(r", (\d+(?:\.\d+)?)(k?) (?:fps|tbr)\b")
_ROTATION: Final = re.compile(
    r"^ +display ?matrix: rotation of (-?\d+(?:\.\d+)?) degrees", re.MULTILINE | re.IGNORECASE
)


def read_description(text: str, source: Path, max_pixels: int) -> MediaInfo:
    """Find the picture in what ``ffmpeg -i`` printed.

    :raises ProcessingError: where there is none that can be decoded
    """
    streams = list(_STREAM.finditer(text))
    if not streams:
        raise ProcessingError(_why_not_opened(text, source))
    pictures = [s for s in streams if s[1] == "Video" and not s[2].endswith("(attached pic)")]
    if not pictures:
        raise ProcessingError(FailureCode.NO_VIDEO_STREAM)
    picture = pictures[0]
    codec = re.split(r"[\s,]", picture[2], maxsplit=1)[0]
    size = _SIZE.search(picture[2])
    if size and int(size[1]) * int(size[2]) > max_pixels:
        raise ProcessingError(FailureCode.TOO_LARGE_PICTURE)
    if codec not in DECODER:
        raise ProcessingError(FailureCode.UNSUPPORTED_FORMAT)
    if not size:
        raise ProcessingError(blame(text))
    if _cut_short(source):
        raise ProcessingError(FailureCode.CORRUPT_VIDEO)
    width, height = int(size[1]), int(size[2])
    following = min((s.start() for s in streams if s.start() > picture.start()), default=len(text))
    rotation = _ROTATION.search(text, picture.end(), following)
    if rotation and round(float(rotation[1]) / 90) % 2:
        width, height = height, width
    duration = _DURATION.search(text)
    rate = _RATE.search(picture[2])
    return MediaInfo(
        duration_seconds=int(duration[1]) * 3600 + int(duration[2]) * 60 + float(duration[3]) if duration else None,
        width=width,
        height=height,
        codec=codec,
        frames_per_second=float(rate[1]) * (1000 if rate[2] else 1) if rate and float(rate[1]) else None,
    )


def is_turned(text: str) -> bool:
    """Whether the file asks for a picture to be rotated or mirrored; ffmpeg prints the angle only."""
    return bool(_ROTATION.search(text))


def _why_not_opened(text: str, source: Path) -> FailureCode:
    """Tell a container that is damaged from a file that is none of ours."""
    code = blame(text)
    if code is not FailureCode.CORRUPT_VIDEO:
        return code
    with source.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    try:
        check_container("video.mp4", head)
    except UnsupportedFileFormat:
        return FailureCode.UNSUPPORTED_FORMAT
    return code


def _cut_short(source: Path) -> bool:
    """Whether an AVI is shorter than it says: ffmpeg takes one that ends between two frames for whole."""
    with source.open("rb") as file:
        head = file.read(12)
    return head[:4] == b"RIFF" and 8 + int.from_bytes(head[4:8], "little") > source.stat().st_size
