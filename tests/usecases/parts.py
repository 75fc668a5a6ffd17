"""Somebody who sends a file in parts: short words for stories of that."""

from typing import Any

from app.domain.options import ExtractionOptions
from app.domain.session import Viewer
from app.domain.staged_upload import HEAD_BYTES
from app.usecases.planned_upload import PlannedUpload
from app.usecases.staged_uploads import StagedUploadUseCases, UploadInParts
from tests.usecases.world import MP4, World

PART = 8 * 1024**2
FILM = MP4 + bytes(2 * PART)
"""Of three parts."""


def planned(data: bytes = FILM, name: str = "a.mp4") -> PlannedUpload:
    return PlannedUpload(name, len(data), data[:HEAD_BYTES])


async def begun(
    do: StagedUploadUseCases, viewer: Viewer, data: bytes = FILM, fingerprint: str | None = "f", **options: Any
) -> UploadInParts:
    return await do.create(viewer, planned(data), ExtractionOptions(**options), fingerprint)


def send(world: World, shown: UploadInParts, *numbers: int, data: bytes = FILM) -> None:
    """Send these parts, or all that are not done, as a client does."""
    upload = shown.upload
    for number in numbers or [part.number for part in shown.parts if not part.done]:
        at = (number - 1) * upload.part_size_bytes
        world.storage.send_part(upload.storage_upload_id, number, data[at : at + upload.part_size_bytes])


async def sent(world: World, viewer: Viewer, data: bytes = FILM, fingerprint: str | None = "f") -> UploadInParts:
    """Begin and send the whole file, but do not complete it."""
    shown = await begun(world.do().staged_uploads, viewer, data, fingerprint)
    send(world, shown, data=data)
    return shown
