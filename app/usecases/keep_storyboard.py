"""Store a storyboard while its pictures are made."""

from collections.abc import Callable
from dataclasses import replace
from typing import final

from app.domain.errors import StorageError
from app.domain.frame import Frame
from app.domain.storyboard import TRACK, Storyboard, sheet_name, track
from app.domain.video import MediaInfo, VideoProcessing, storyboard_key
from app.usecases.ports.frames import Extraction
from app.usecases.ports.storage import ObjectWriters

ToldOfStoryboard = Callable[[Storyboard | None], None]
"""Hears of each sheet that is stored, and where there will be no storyboard after all."""


@final
class StoryboardKeeper:
    """Keeps the storyboard of one attempt: each sheet when it is finished, and in the end the WebVTT.

    It is only a help for the eye. What cannot be made or stored is left out, and the ZIP is whole all the same; what
    was stored of it then is named by nobody, and housekeeping's.
    """

    def __init__(self, storage: ObjectWriters, video: VideoProcessing, told: ToldOfStoryboard) -> None:
        self._storage = storage
        self._video = video
        self._told = told
        self._shown: list[tuple[float, float]] = []
        self._kept: Storyboard | None = None
        self._given_up = False

    def add(self, file: int, frame: Frame, instant: float, shape: Storyboard | None) -> None:
        """Note when the picture of a file of the ZIP is on the screen, by its place from 0: the WebVTT says it."""
        if shape is not None and len(self._shown) < shape.tiles and shape.file_of(len(self._shown)) == file:
            self._shown.append((min(frame.time_seconds, instant), frame.until_seconds))

    async def keep(self, extraction: Extraction) -> None:
        """Store the sheets that were finished since."""
        if extraction.storyboard is None:
            self._give_up()
        for sheet in extraction.finished_sheets():
            kept = self._kept or self._empty(extraction)
            if kept is not None and await self._store(sheet_name(len(kept.sheet_bytes)), "image/jpeg", sheet):
                self._tell(replace(kept, sheet_bytes=(*kept.sheet_bytes, len(sheet))))

    async def end(self, extraction: Extraction, media: MediaInfo) -> str | None:
        """Store what is left, and the WebVTT; return the key of the first sheet, where all is stored."""
        await self.keep(extraction)
        kept = self._kept
        if kept is None or (len(kept.sheet_bytes), len(self._shown)) != (kept.sheets, kept.tiles):
            self._give_up()
            return None
        ends = [end for end in (media.duration_seconds, self._video.options.end_seconds) if end is not None]
        text = track(kept, self._shown, min(ends, default=0.0)).encode()
        if not await self._store(TRACK, "text/vtt", text):
            return None
        self._tell(replace(kept, track_bytes=len(text)))
        return storyboard_key(self._video.id, self._video.attempt, sheet_name(0))

    def _empty(self, extraction: Extraction) -> Storyboard | None:
        shape = extraction.storyboard
        return None if shape is None or self._given_up else replace(shape, attempt=self._video.attempt)

    async def _store(self, name: str, content_type: str, data: bytes) -> bool:
        key = storyboard_key(self._video.id, self._video.attempt, name)
        try:
            async with self._storage.writer(key, content_type) as writer:
                await writer.write(data)
        except StorageError:
            self._give_up()  # The storage has said why, to the log.
            return False
        return True

    def _tell(self, kept: Storyboard) -> None:
        self._kept = kept
        self._told(kept)

    def _give_up(self) -> None:
        self._given_up = True
        if self._kept is not None:
            self._kept = None
            self._told(None)
