"""GenerateZipFile."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.manifest import FrameEntry, frame_file_name, manifest
from app.domain.video import FramesArchive, MediaInfo, VideoProcessing, archive_key, contact_sheet_key
from app.usecases.ports import Extraction, ObjectStorage, ObjectWriter, ZipEncoder


@final
@dataclass(frozen=True, slots=True)
class GenerateZipFile:
    """Put frames into a ZIP that goes to the storage while it grows, and a contact sheet beside it.

    No picture touches the disk and memory does not depend on the length of the video. The ZIP's key holds the
    attempt; the object appears only when it is whole, and nobody is told of it here.

    :raises ProcessingError: OUTPUT_TOO_LARGE, or what the extraction found out
    """

    storage: ObjectStorage
    new_zip: Callable[[], ZipEncoder]
    max_bytes: int

    async def __call__(self, video: VideoProcessing, media: MediaInfo, extraction: Extraction) -> FramesArchive:
        key, encoder, frames = archive_key(video.id, video.attempt), self.new_zip(), list[FrameEntry]()
        async with self.storage.writer(key, "application/zip") as writer:
            output = _Output(writer, self.max_bytes)
            async for frame in extraction:
                name = frame_file_name(frame.index, frame.time_seconds, video.options.format)
                await output.write(encoder.entry(name, frame.data, video.created_at))
                frames.append(FrameEntry(name, frame.time_seconds, len(frame.data)))
            document = json.dumps(manifest(video, media, frames), ensure_ascii=False, indent=1).encode()
            await output.write(encoder.entry("manifest.json", document, video.created_at))
            await output.write(encoder.end())
        sheet = await self._keep_contact_sheet(video, extraction.contact_sheet)
        return FramesArchive(key, output.size, output.sha256.hexdigest(), len(frames), sheet)

    async def _keep_contact_sheet(self, video: VideoProcessing, picture: bytes | None) -> str | None:
        if picture is None:
            return None
        key = contact_sheet_key(video.id, video.attempt)
        async with self.storage.writer(key, "image/jpeg") as writer:
            await writer.write(picture)
        return key


@dataclass(slots=True)
class _Output:
    """The ZIP's bytes on their way, counted, hashed and bounded."""

    writer: ObjectWriter
    max_bytes: int
    size: int = 0
    sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    async def write(self, pieces: Iterable[bytes | memoryview]) -> None:
        for piece in pieces:
            self.size += len(piece)
            if self.size > self.max_bytes:
                raise ProcessingError(FailureCode.OUTPUT_TOO_LARGE)
            self.sha256.update(piece)
            await self.writer.write(piece)
