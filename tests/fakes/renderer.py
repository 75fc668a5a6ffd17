"""A maker of files that shows which pictures it was given."""

import asyncio
from collections.abc import AsyncIterator

from app.domain.frames_export import ExportKind, FramesExport
from app.domain.video import VideoProcessing
from app.usecases.ports.frames_exports import ChosenPicture


class ScriptedRenderer:
    """Obeys ports.FramesRenderer; its file is the kind and the pictures, one a line."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        """Raised one by one, before any file is made."""
        self.made = 0
        self.flows = asyncio.Event()
        self.flows.set()
        self.began = asyncio.Event()

    async def __call__(self, kind: ExportKind, video: VideoProcessing, pictures: AsyncIterator[ChosenPicture]) -> bytes:
        given = [picture.data async for picture in pictures]
        self.began.set()
        await self.flows.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.made += 1
        return b"\n".join([kind.value.encode(), *given])


class SilentReports:
    """Obeys ports.ExportReports."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def tell(self, event: str, export: FramesExport, **more: object) -> None:
        self.told.append(event)

    def fault(self, export: FramesExport, error: Exception) -> None:
        self.told.append(repr(error))
