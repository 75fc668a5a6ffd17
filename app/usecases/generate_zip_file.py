import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import NO_ROOM, FailureCode
from app.domain.manifest import Manifest, frame_file_name
from app.domain.scenes import FILE_NAME as SCENES
from app.domain.video import FramesArchive, MediaInfo, VideoProcessing, archive_key, frame_index_key
from app.usecases.keep_storyboard import StoryboardKeeper, ToldOfStoryboard
from app.usecases.ports.frames import Extraction, ZipEncoder
from app.usecases.ports.storage import ObjectWriter, ObjectWriters
from app.usecases.quota import StoredBytes

_SMALL_BYTES: Final = 1024**3
"""A still picture that lasts an hour is a tiny film of thousands of pictures, and nobody's attack."""


@final
@dataclass(frozen=True, slots=True)
class GenerateZipFile:
    """Put frames into a ZIP that goes to the storage while it grows; beside it an index of them and a storyboard.

    Each instant that was asked for is a file, so a picture that stands for eight is there eight times. No picture
    touches the disk, and of one that is written memory keeps its line of the manifest and its record of the index. The
    ZIP's key holds the attempt; the object appears only when it is whole, and nobody is told of it here. Of the
    storyboard ``told`` hears as it grows.

    :raises ProcessingError: OUTPUT_TOO_LARGE, or what the extraction found out
    """

    storage: ObjectWriters
    new_zip: Callable[[], ZipEncoder]
    max_bytes: int
    max_ratio: float
    """A ZIP may be so many times as large as the file it came from, and ``small_bytes`` whatever that was."""
    small_bytes: int = _SMALL_BYTES
    stored_bytes: StoredBytes | None = None

    async def __call__(
        self,
        video: VideoProcessing,
        media: MediaInfo,
        extraction: Extraction,
        told: ToldOfStoryboard = lambda _: None,
    ) -> FramesArchive:
        key, encoder, manifest = archive_key(video.id, video.attempt), self.new_zip(), Manifest(video, media)
        storyboard = StoryboardKeeper(self.storage, video, told)
        room = None if self.stored_bytes is None else await self.stored_bytes.room_left(video.owner)
        async with self.storage.writer(key, "application/zip") as writer:
            output = _Output(writer, self.allowed_bytes(video.size_bytes), room)
            async for frame in extraction:
                sha256 = hashlib.sha256(frame.data).hexdigest()
                for instant in frame.instants:
                    name = frame_file_name(manifest.frame_count + 1, frame.time_seconds, video.options.format)
                    await output.write(encoder.entry(name, frame.data, video.created_at))
                    storyboard.add(manifest.frame_count, frame, instant, extraction.storyboard)
                    manifest.add(name, frame, instant, sha256, ends_at=encoder.offset)
                await storyboard.keep(extraction)
            if (scenes := manifest.scenes(extraction.reading)) is not None:
                await output.write(encoder.entry(SCENES, scenes, video.created_at))
            document = manifest.end(extraction.reading)
            await output.write(encoder.entry("manifest.json", document, video.created_at))
            await output.write(encoder.end())
        await self._keep_index(key, manifest)
        sheet = await storyboard.end(extraction, media)
        return FramesArchive(key, output.size, output.sha256.hexdigest(), manifest.frame_count, sheet)

    def allowed_bytes(self, source_bytes: int) -> int:
        """Return how large the ZIP of a file may be."""
        return min(self.max_bytes, max(self.small_bytes, int(source_bytes * self.max_ratio)))

    async def _keep_index(self, archive: str, manifest: Manifest) -> None:
        async with self.storage.writer(frame_index_key(archive), "application/octet-stream") as writer:
            for piece in manifest.index():
                await writer.write(piece)


@dataclass(slots=True)
class _Output:
    """The ZIP's bytes on their way, counted, hashed and bounded."""

    writer: ObjectWriter
    max_bytes: int
    room: int | None
    """How much of it its owner may keep."""
    size: int = 0
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    async def write(self, pieces: Iterable[bytes | memoryview]) -> None:
        for piece in pieces:
            self.size += len(piece)
            if self.size > self.max_bytes:
                raise ProcessingError(FailureCode.OUTPUT_TOO_LARGE)
            if self.room is not None and self.size > self.room:
                raise ProcessingError(FailureCode.OUTPUT_TOO_LARGE, NO_ROOM)
            self.sha256.update(piece)
            await self.writer.write(piece)
