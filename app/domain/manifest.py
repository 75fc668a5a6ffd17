"""What the ZIP says of itself: the names of its pictures and its last entry, ``manifest.json``.

``docs/frames.schema.json`` is its schema, ``docs/frames.md`` explains it.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Final, final

from app.domain.culling import Culled
from app.domain.frame import ArchivedFrame, Frame, Scores
from app.domain.frame_index import FrameIndex
from app.domain.options import ADDED, ExtractionOptions, ImageFormat, SelectionKind, unused
from app.domain.scenes import Scene, report
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
    should know of how the pictures look. ``culled`` is what was left out after it was looked at, ``scenes`` are
    those of the film where frames are chosen by them.
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
    culled: Culled | None = None
    scenes: tuple[Scene, ...] | None = None

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
        self._of_scenes: dict[int, tuple[str, float]] = {}
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
        if self._options.select.kind is SelectionKind.SCENE_CHANGE:
            self._of_scenes[frame.number] = file, kept.time_seconds
        line = manifest_line(file, kept, frame.scores, self._options)
        self._write(f",\n{line}" if self.frame_count else f"\n{line}")
        self._index.add(kept)
        self.frame_count += 1

    def end(self, reading: Reading) -> bytes:
        """Return the whole document in UTF-8; nothing can be added any more."""
        left_out = [
            {"timeSeconds": round(time, 6), "reason": why_left_out(time, self._options, self._duration)}
            for time in reading.left_out
        ]
        self._write(f'\n],\n"leftOut": {_json(left_out)},\n')
        if reading.culled is not None:
            self._write(f'"culled": {_json(asdict(reading.culled))},\n')
        if reading.scenes is not None:
            self._write(f'"scenes": {_json([self._scene(scene) for scene in reading.scenes])},\n')
        self._write(f'"reading": {_json(_reading(reading))}\n}}\n')
        return self._text.getvalue()

    def scenes(self, reading: Reading) -> bytes | None:
        """Return the report of the scenes, None where frames are not chosen by them."""
        return None if reading.scenes is None else report(reading.scenes, self._of_scenes)

    def index(self) -> Iterator[bytes | memoryview]:
        """Yield the index of all files that were added."""
        return self._index.pieces()

    def _scene(self, scene: Scene) -> dict[str, object]:
        known = self._of_scenes.get(scene.number) if scene.number is not None else None
        return {"startSeconds": scene.start, "endSeconds": scene.end, "file": known and known[0]}

    def _write(self, text: str) -> None:
        self._text.write(text.encode())


def manifest_line(
    file: str, frame: ArchivedFrame, scores: Scores | None = None, options: ExtractionOptions | None = None
) -> str:
    """Return what a manifest says of one file; of its scores those that its options asked for."""
    return _json(_line(file, frame, scores, options))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(
    file: str, frame: ArchivedFrame, scores: Scores | None, options: ExtractionOptions | None
) -> dict[str, object]:
    line: dict[str, object] = {
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
    if scores is not None and options is not None:
        asked = {
            "difference": options.distinct is not None,
            "sharpness": options.sharpest,
            "blackness": options.skip_black,
        }
        line["scores"] = {name: value for name, value in asdict(scores).items() if asked[name]}
    return line


def _options(options: ExtractionOptions) -> dict[str, object]:
    later = {
        "distinct": options.distinct,
        "sharpest": options.sharpest,
        "skipBlack": options.skip_black,
        "minSceneSeconds": options.min_scene_seconds,
        "aspect": options.aspect.value,
        "crop": options.crop and asdict(options.crop),
    }
    left_out = unused(options)
    return {
        "select": {options.select.kind.value: options.select.chosen},
        "format": options.format.value,
        "quality": None if options.format is ImageFormat.PNG else options.quality,
        "maxWidth": options.max_width,
        "maxHeight": options.max_height,
        "startSeconds": options.start_seconds,
        "endSeconds": options.end_seconds,
        **{field: value for (field, value), name in zip(later.items(), ADDED, strict=True) if name not in left_out},
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
