"""What is known of a ZIP's pictures, for other programs: as CSV (RFC 4180), and as the images of a COCO data set."""

import json
from collections.abc import Sequence
from typing import Final

from app.domain.described import Described
from app.domain.frame import ArchivedFrame
from app.domain.manifest import file_name_at
from app.domain.video import VideoProcessing

_COLUMNS: Final = (
    "index", "file", "number", "timeSeconds", "untilSeconds", "instantSeconds",
    "width", "height", "sizeBytes", "sha256",
)  # fmt: skip


class FrameTable(Described):
    """How it is written, by the ending of the file's name."""

    CSV = "csv", "A line for each picture, with the manifest's names."
    COCO = "coco.json", "The images of a COCO data set, of which nobody has annotated any yet."

    @property
    def media_type(self) -> str:
        """What a browser is told of it."""
        return "text/csv; charset=utf-8" if self is FrameTable.CSV else "application/json"


def table_head(kind: FrameTable, video: VideoProcessing) -> str:
    """Return what stands before the pictures."""
    if kind is FrameTable.CSV:
        return ",".join(_COLUMNS) + "\r\n"
    made_at = video.completed_at or video.created_at
    info = {
        "description": video.original_file_name,
        "version": "1.0",
        "year": made_at.year,
        "date_created": f"{made_at:%Y/%m/%d}",
    }
    return f'{{\n"info": {json.dumps(info, ensure_ascii=False)},\n"licenses": [],\n"images": [\n'


def table_rows(kind: FrameTable, video: VideoProcessing, frames: Sequence[ArchivedFrame]) -> str:
    """Return what is said of some pictures, which come in their order; those of the ZIP's first one come first."""
    files = [(frame, file_name_at(frame.index, frame.name_milliseconds, video.options.format)) for frame in frames]
    if kind is FrameTable.CSV:
        return "".join(f"{_csv(frame, file)}\r\n" for frame, file in files)
    return "".join(f"{',' if frame.index > 1 else ''}{_image(frame, file)}\n" for frame, file in files)


def table_end(kind: FrameTable) -> str:
    """Return what stands behind the pictures."""
    return "" if kind is FrameTable.CSV else '],\n"annotations": [],\n"categories": []\n}\n'


def _csv(frame: ArchivedFrame, file: str) -> str:
    """Write a line in which nothing needs quotes: all are numbers but a name that we gave and a checksum."""
    return (
        f"{frame.index},{file},{frame.number},{frame.time_seconds},{frame.until_seconds},{frame.instant_seconds},"
        f"{frame.width},{frame.height},{frame.size_bytes},{frame.sha256}"
    )


def _image(frame: ArchivedFrame, file: str) -> str:
    image = {
        "id": frame.index,
        "file_name": file,
        "width": frame.width,
        "height": frame.height,
        "frame_number": frame.number,
        "time_seconds": frame.time_seconds,
    }
    return json.dumps(image)
