"""What the ZIP says of itself: the names of its pictures and its last entry, ``manifest.json``.

``docs/frames.schema.json`` is its schema, ``docs/frames.md`` explains it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final, final

from app.domain.frame import ArchivedFrame, Frame
from app.domain.frame_index import FrameIndex
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.video import MediaInfo, VideoProcessing

VERSION: Final = 2
"""Version 1 had of each picture only ``file``, ``timeSeconds`` and ``sizeBytes``, and neither leftOut nor reading."""
BEYOND_THE_END: Final = "beyond the end of the film"
OUTSIDE_OF_THE_PART: Final = "outside of the chosen part"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the film was read, for the manifest and the log.

    ``whole`` is why all packets were decoded, None where only those were that the plan names: ``packets_decoded`` of
    ``packets``. ``left_out`` are the asked times, in seconds, at which nothing could be taken, ``notes`` what a user
    should know of how the pictures look.
    """

    stream: int
    container: str
    codec: str
    colour: str
    orientation: str
    tone_mapping: str | None
    deinterlaced: bool
    packets: int
    packets_decoded: int
    whole: str | None
    left_out: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def decoding(self) -> str:
        """Return in one word which of both was done."""
        return "planned" if self.whole is None else "whole"


def frame_file_name(index: int, time_seconds: float, image_format: ImageFormat) -> str:
    """Name a file by its place, from 1, and the time of its picture: ``frame_000012_00-00-11.000.jpg``."""
    return file_name_at(index, name_milliseconds(time_seconds), image_format)


def name_milliseconds(time_seconds: float) -> int:
    """Return the time of a picture as its file's name tells it."""
    return max(0, round(time_seconds * 1000))


def file_name_at(index: int, milliseconds: int, image_format: ImageFormat) -> str:
    """Name a file by its place and by what ``name_milliseconds`` returned."""
    return f"frame_{index:06d}_{clock_time(milliseconds).replace(':', '-')}.{image_format.extension}"


def clock_time(milliseconds: int) -> str:
    """Write a time of a film for people: ``00:01:02.345``."""
    seconds, millis = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}.{millis:03d}"


def why_left_out(time: float, options: ExtractionOptions, duration_seconds: float | None) -> str:
    """Return why a film that lasts so long has no picture at a time that was asked for."""
    start, end = options.start_seconds or 0.0, options.end_seconds
    if start <= time and (end is None or time < end):
        return BEYOND_THE_END
    return BEYOND_THE_END if duration_seconds is not None and time >= duration_seconds else OUTSIDE_OF_THE_PART


@final
class Manifest:
    """``manifest.json`` as it grows: its head, a line for each file, and, once the film is read, how that was done.

    It is kept as the text that it will be: 30 MB for a hundred thousand files, which as objects would be ten times
    as much. ``app/domain/manifest_lines.py`` reads it again, line by line. With it grows the index that lies beside
    the ZIP.
    """

    def __init__(self, video: VideoProcessing, media: MediaInfo) -> None:
        self.frame_count = 0
        self._options = video.options
        self._duration = media.duration_seconds
        self._text = BytesIO()
        self._index = FrameIndex()
        source = {
            "fileName": video.original_file_name,
            "sizeBytes": video.size_bytes,
            "durationSeconds": media.duration_seconds,
            "width": media.width,
            "height": media.height,
            "codec": media.codec,
            "framesPerSecond": media.frames_per_second,
        }
        self._write(f'{{\n"version": {VERSION},\n"source": {_json(source)},\n"options": ')
        self._write(f'{_json(_options(video.options))},\n"frames": [')

    def add(self, file: str, frame: Frame, instant: float, sha256: str, *, ends_at: int) -> None:
        """Add the next file of the ZIP: of which picture it is, for which of its instants, and where its bytes end."""
        size = len(frame.data)
        kept = ArchivedFrame(
            index=self.frame_count + 1,
            number=frame.number,
            time_seconds=round(frame.time_seconds, 6),
            until_seconds=round(frame.until_seconds, 6),
            instant_seconds=round(instant, 6),
            name_milliseconds=name_milliseconds(frame.time_seconds),
            width=frame.width,
            height=frame.height,
            offset=ends_at - size,
            size_bytes=size,
            sha256=sha256,
        )
        line = manifest_line(file, kept)
        self._write(f",\n{line}" if self.frame_count else f"\n{line}")
        self._index.add(kept)
        self.frame_count += 1

    def end(self, reading: Reading) -> bytes:
        """Return the whole document in UTF-8; nothing can be added any more."""
        left_out = [
            {"timeSeconds": round(time, 6), "reason": why_left_out(time, self._options, self._duration)}
            for time in reading.left_out
        ]
        self._write(f'\n],\n"leftOut": {_json(left_out)},\n"reading": {_json(_reading(reading))}\n}}\n')
        return self._text.getvalue()

    def index(self) -> Iterator[bytes | memoryview]:
        """Yield the index of all files that were added."""
        return self._index.pieces()

    def _write(self, text: str) -> None:
        self._text.write(text.encode())


def manifest_line(file: str, frame: ArchivedFrame) -> str:
    """Return what a manifest says of one file."""
    return _json(_line(file, frame))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(file: str, frame: ArchivedFrame) -> dict[str, object]:
    return {
        "file": file,
        "number": frame.number,
        "timeSeconds": frame.time_seconds,
        "untilSeconds": frame.until_seconds,
        "instants": [frame.instant_seconds],
        "width": frame.width,
        "height": frame.height,
        "sizeBytes": frame.size_bytes,
        "sha256": frame.sha256,
        "range": {"first": frame.offset, "last": frame.offset + frame.size_bytes - 1},
    }


def _options(options: ExtractionOptions) -> dict[str, object]:
    return {
        "select": {options.select.kind.value: options.select.chosen},
        "format": options.format.value,
        "quality": None if options.format is ImageFormat.PNG else options.quality,
        "maxWidth": options.max_width,
        "maxHeight": options.max_height,
        "startSeconds": options.start_seconds,
        "endSeconds": options.end_seconds,
    }


def _reading(reading: Reading) -> dict[str, object]:
    return {
        "stream": reading.stream,
        "container": reading.container,
        "codec": reading.codec,
        "colour": reading.colour,
        "orientation": reading.orientation,
        "toneMapping": reading.tone_mapping,
        "deinterlaced": reading.deinterlaced,
        "decoding": reading.decoding,
        "why": reading.whole,
        "packets": reading.packets,
        "packetsDecoded": reading.packets_decoded,
        "notes": list(reading.notes),
    }
