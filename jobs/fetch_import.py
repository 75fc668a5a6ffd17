"""The job that fetches one film from its link."""

from collections.abc import Mapping
from typing import Any

from app.domain.video import VideoId
from app.usecases.fetch_import import FetchImport


async def fetch_import(ctx: Mapping[str, Any], import_id: str) -> None:
    """Make one attempt at the import; where it comes again, the sweep brings it when its row says so.

    A job that the queue itself held back until then would not hear where that is sooner: its owner's account may be
    disabled meanwhile.
    """
    attempt: FetchImport = ctx["fetch_import"]
    await attempt(VideoId(import_id))
