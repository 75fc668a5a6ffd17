"""A decoder that gives what a story says."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.domain.frame import Frame
from app.domain.manifest import Reading
from app.domain.options import ExtractionOptions
from app.domain.video import MediaInfo, Progress

FILM = MediaInfo(duration_seconds=3.0, width=640, height=272, codec="h264", frames_per_second=25.0)


def a_reading(**fields: Any) -> Reading:
    defaults: dict[str, Any] = {
        "stream": 0,
        "container": "mov",
        "codec": "h264",
        "colour": "bt709 limited to bt601 full (JFIF)",
        "orientation": "upright",
        "tone_mapping": None,
        "deinterlaced": False,
        "packets": 75,
        "packets_decoded": 40,
        "whole": None,
    }
    return Reading(**{**defaults, **fields})


def a_frame(number: int, data: bytes, *instants: float) -> Frame:
    """Give a picture of a film of 25 a second; without an instant it stands for its own time."""
    time = number / 25
    return Frame(number, time, time + 0.04, instants or (time,), 640, 272, data)


class ScriptedExtraction:
    """Obeys ports.Extraction."""

    def __init__(self, frames: Sequence[Frame], reading: Reading, failure: Exception | None) -> None:
        self._frames = frames
        self._final_reading = reading
        self._failure = failure
        self._given = 0
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[Frame]:
        for frame in self._frames:
            self._given += 1
            yield frame
        if self._failure:
            raise self._failure
        self._ended = True

    @property
    def progress(self) -> Progress:
        share = self._given / len(self._frames) if self._frames else 1.0
        return Progress(100.0 * share if self._ended else min(99.0, 100.0 * share), self._given, len(self._frames))

    @property
    def contact_sheet(self) -> bytes | None:
        return self._frames[0].data if self._ended and self._frames else None

    @property
    def reading(self) -> Reading:
        assert self._ended, "a reading is final only once iteration has ended"
        return self._final_reading


class ScriptedExtractor:
    """Obeys ports.FrameExtractor; whatever the source is, it is this film. At its end ``then`` happens."""

    def __init__(
        self,
        frames: Sequence[Frame],
        reading: Reading | None = None,
        *,
        failure: Exception | None = None,
        then: Callable[[], object] = lambda: None,
    ) -> None:
        self._frames = frames
        self._reading = reading or a_reading()
        self._failure = failure
        self._then = then

    @asynccontextmanager
    async def open(
        self, source: Path, options: ExtractionOptions
    ) -> AsyncIterator[tuple[MediaInfo, ScriptedExtraction]]:
        try:
            yield FILM, ScriptedExtraction(self._frames, self._reading, self._failure)
        finally:
            self._then()
