"""The decoder, and the ZIP that its pictures go into."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from app.domain.frame import Frame
from app.domain.manifest import Reading
from app.domain.options import ExtractionOptions
from app.domain.storyboard import Storyboard
from app.domain.video import MediaInfo, Progress


class Extraction(Protocol):
    """One run of the decoder. Iterating raises ``ProcessingError`` where the video is bad, at the latest at its end."""

    def __aiter__(self) -> AsyncIterator[Frame]: ...
    @property
    def progress(self) -> Progress:
        """How far it is now; 100 per cent only once every planned picture has come."""

    @property
    def storyboard(self) -> Storyboard | None:
        """Its shape, of attempt 0 and with nothing stored; None where none is made, or not yet, or it was given up."""

    def finished_sheets(self) -> Sequence[bytes]:
        """Return the sheets that are whole by now, JPEGs in their order, each once; all once iteration has ended."""

    @property
    def latest_tile(self) -> bytes | None:
        """The newest small picture, as JPEG, of two a second at most."""

    @property
    def reading(self) -> Reading:
        """How the film was read; final once iteration has ended."""


class FrameExtractor(Protocol):
    """The decoder."""

    def open(
        self, source: Path, options: ExtractionOptions
    ) -> AbstractAsyncContextManager[tuple[MediaInfo, Extraction]]:
        """Inspect the file, plan its pictures and start to decode them; leaving the block ends every child.

        Raises ``ProcessingError``, also on entering.
        """


class DecoderUnavailable(OSError):
    """No film can be decoded on this machine, whatever it is; the message says why."""


DecoderTrial = Callable[[], Awaitable[None]]
"""Takes a picture out of a film that is made for that; raises ``DecoderUnavailable``, or another ``OSError``."""


class ZipEncoder(Protocol):
    """A ZIP as it grows: entries stored, sizes known, nothing to seek back to."""

    def entry(self, name: str, data: bytes, modified_at: datetime) -> Iterator[bytes | memoryview]: ...
    @property
    def offset(self) -> int:
        """Where the next entry will begin; the data of the last one ends there, so it is ``len(data)`` before."""

    def end(self) -> Iterator[bytes]: ...
