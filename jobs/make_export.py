"""The job that makes one file of a video's pictures."""

from collections.abc import Mapping
from typing import Any

from app.domain.frames_export import ExportId
from app.usecases.make_export import MakeExport


async def make_export(ctx: Mapping[str, Any], export_id: str) -> None:
    """Make one attempt at the export; where it comes again, the sweep brings it when its row says so."""
    attempt: MakeExport = ctx["make_export"]
    await attempt(ExportId(export_id))
