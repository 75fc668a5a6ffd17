"""The job that fetches one film from its link."""

from collections.abc import Mapping
from typing import Any

from arq import Retry

from app.domain.video import VideoId
from app.usecases.fetch_import import FetchImport


async def fetch_import(ctx: Mapping[str, Any], import_id: str) -> None:
    """Make one attempt at the import; return and ``Retry`` mean what they do for videos."""
    attempt: FetchImport = ctx["fetch_import"]
    again_in = await attempt(VideoId(import_id))
    if again_in is not None:
        raise Retry(again_in)
