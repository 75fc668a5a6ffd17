"""What takes frames without a service: the worker's engine, from a file of this machine into another."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from sys import maxsize
from typing import Final, Self, final

from app.decoding_settings import FramesSettings
from app.domain.container import SNIFF_BYTES, check_container, checked_file_name
from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.manifest import why_left_out
from app.domain.options import ExtractionOptions
from app.domain.user import UserId
from app.domain.video import MediaInfo, Progress, VideoProcessing, archive_key, new_video_id, source_key
from app.frames.arguments import Wanted
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.program import try_out
from app.infra.files import Files, UnpackedZip
from app.infra.workspace import Workspace
from app.infra.zip import StoredZip
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.ports.frames import DecoderTrial, Extraction, FrameExtractor
from app.usecases.ports.workspaces import Workspaces

_NOBODY: Final = UserId("")
_OF_THE_DECODER: Final = frozenset({FailureCode.CORRUPT_VIDEO, FailureCode.OUT_OF_MEMORY})
"""What a decoder that does not work says of every film."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one film: files, bytes of the ZIP or of all that is in the folder, what its user should know."""

    frames: int
    size_bytes: int
    warnings: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class TakeFrames:
    """Do with one film what the service does with an upload, from its acceptance to its ZIP.

    The ZIP's entries bear the time when the film was last changed, so that the same film gives the same ZIP, byte for
    byte. There is no storyboard.

    :raises DomainError: where the service would have refused the film, or failed at it
    :raises DecoderUnavailable: where no film can be decoded on this machine
    :raises OSError: where the machine is to blame
    """

    extractor: FrameExtractor
    workspaces: Workspaces
    try_decoder: DecoderTrial

    @classmethod
    def of(cls, settings: FramesSettings, executable: str) -> Self:
        """Put it together; ``executable`` is the ffmpeg that decodes."""
        limits, workspaces = Limits.of(settings, unhurried=True), Workspace(None)
        extractor = FfmpegFrameExtractor(limits, executable, with_storyboard=False)
        return cls(extractor, workspaces, partial(try_out, executable, extractor, limits, workspaces))

    async def __call__(
        self, wanted: Wanted, options: ExtractionOptions, under_way: Callable[[Callable[[], Progress]], object]
    ) -> Taken:
        """``under_way`` is given what tells of the progress, once there is any."""
        video = _accepted(wanted.film, options)
        try:
            async with self._opened(wanted.film, options) as (media, extraction):
                under_way(lambda: extraction.progress)
                return await _kept(wanted, video, media, extraction)
        except ProcessingError as verdict:
            if verdict.failure in _OF_THE_DECODER:
                await self.try_decoder()
            raise

    @asynccontextmanager
    async def _opened(self, film: Path, options: ExtractionOptions) -> AsyncIterator[tuple[MediaInfo, Extraction]]:
        """Open it as a worker does: in a private directory, and under a name that says nothing of it to anybody."""
        async with (
            self.workspaces.directory() as directory,
            self.extractor.open(_linked(film, directory / "source"), options) as found,
        ):
            yield found


def _linked(film: Path, source: Path) -> Path:
    source.symlink_to(film.absolute())
    return source


def _accepted(film: Path, options: ExtractionOptions) -> VideoProcessing:
    """Return the processing that an upload of the film would begin; raises what the upload would."""
    name = checked_file_name(film.name)
    with film.open("rb") as file:
        check_container(name, file.read(SNIFF_BYTES))
    found, video = film.stat(), new_video_id()
    changed_at = datetime.fromtimestamp(found.st_mtime, UTC)
    return VideoProcessing(video, _NOBODY, name, found.st_size, source_key(video), options, changed_at)


async def _kept(wanted: Wanted, video: VideoProcessing, media: MediaInfo, extraction: Extraction) -> Taken:
    """Let the ZIP grow where it was wanted, of whatever size."""
    key = archive_key(video.id, video.attempt)
    if wanted.unpacked:
        folder = UnpackedZip(wanted.result)
        archive = await GenerateZipFile(folder, lambda: folder, maxsize, 1, maxsize)(video, media, extraction)
        size = folder.size
    else:
        files = Files(lambda name: wanted.result if name == key else None)
        archive = await GenerateZipFile(files, StoredZip, maxsize, 1, maxsize)(video, media, extraction)
        size = archive.size_bytes
    left_out = (
        f"{time:g} s is left out: {why_left_out(time, video.options, media.duration_seconds)}."
        for time in extraction.reading.left_out
    )
    return Taken(archive.frame_count, size, (*extraction.reading.notes, *left_out))
