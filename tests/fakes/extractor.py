"""A decoder that gives what a story says."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.domain.frame import Frame
from app.domain.manifest import Reading
from app.domain.options import ExtractionOptions
from app.domain.storyboard import Storyboard, tile_size
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


def a_sheet(number: int) -> bytes:
    """Give the sheet of this number, from 0, of any film."""
    return b"\xff\xd8 sheet %d" % (number + 1)


class ScriptedExtraction:
    """Obeys ports.Extraction; ``no_storyboard`` is one that can make none, or no more."""

    def __init__(self, frames: Sequence[Frame], reading: Reading, failure: Exception | None) -> None:
        self._frames = frames
        self._final_reading = reading
        self._failure = failure
        self._given = 0
        self._sheets = 0
        self._ended = False
        self.no_storyboard = False

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
    def storyboard(self) -> Storyboard | None:
        files = sum(len(frame.instants) for frame in self._frames)
        return Storyboard.of(files, tile_size(FILM.width, FILM.height)) if files and not self.no_storyboard else None

    def finished_sheets(self) -> Sequence[bytes]:
        """Give each sheet once the last file was given that has a tile on it."""
        board, given = self.storyboard, sum(len(frame.instants) for frame in self._frames[: self._given])
        if board is None:
            return []
        whole = [board.tiles_of(0, given)[1] >= board.tiles_on(sheet)[1] for sheet in range(board.sheets)]
        new = range(self._sheets, sum(whole))
        self._sheets = sum(whole)
        return [a_sheet(sheet) for sheet in new]

    @property
    def latest_tile(self) -> bytes | None:
        return b"\xff\xd8 tile %d" % self._given if self.storyboard and self._given else None

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
