from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.video import MediaInfo, VideoProcessing
from app.usecases.ports.frames import Extraction, FrameExtractor
from app.usecases.ports.storage import ObjectMissing, ObjectStorage
from app.usecases.ports.workspaces import Workspaces


@final
@dataclass(frozen=True, slots=True)
class ProcessVideoFrames:
    """Bring the source into a private directory and decode the frames that its options ask for.

    The decoder never gets a URL. The directory goes when the block is left.

    :raises ProcessingError: where the video is what is wrong
    :raises StorageError, OSError: where the machine or the storage is, and another try can help
    """

    storage: ObjectStorage
    extractor: FrameExtractor
    workspaces: Workspaces

    @asynccontextmanager
    async def __call__(self, video: VideoProcessing) -> AsyncIterator[tuple[MediaInfo, Extraction]]:
        async with self.workspaces.directory(video.size_bytes) as directory:
            source = directory / "source"
            try:
                await self.storage.download(video.source_key, source)
            except ObjectMissing:
                raise ProcessingError(FailureCode.SOURCE_MISSING) from None
            async with self.extractor.open(source, video.options) as found:
                yield found
