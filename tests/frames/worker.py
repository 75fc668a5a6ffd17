"""The service's own way from a film to its ZIP, as a worker goes it."""

from datetime import UTC, datetime
from pathlib import Path

from app.domain.options import ExtractionOptions
from app.domain.video import VideoProcessing, archive_key
from app.infra.workspace import Workspace
from app.infra.zip import StoredZip
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.process_video_frames import ProcessVideoFrames
from tests.extracting import EXTRACTOR
from tests.fakes.clock import SettableClock
from tests.fakes.storage import MemoryStorage
from tests.parts.videos import a_video, new_owner

CHANGED_AT = 1_700_000_001.5


async def by_a_worker(film: Path, options: ExtractionOptions, tmp_path: Path) -> bytes:
    """Do what a worker does with an upload that was accepted when the film was last changed."""
    storage = MemoryStorage(SettableClock())
    video: VideoProcessing = a_video(
        new_owner(),
        original_file_name=film.name,
        size_bytes=film.stat().st_size,
        options=options,
        created_at=datetime.fromtimestamp(CHANGED_AT, UTC),
    )
    async with storage.writer(video.source_key, "video/mp4") as writer:
        await writer.write(film.read_bytes())
    process = ProcessVideoFrames(storage, EXTRACTOR, Workspace(tmp_path / "work"))
    async with process(video) as (media, extraction):
        await GenerateZipFile(storage, StoredZip, 2**30, 200)(video, media, extraction)
    return storage.objects[archive_key(video.id, video.attempt)].data
