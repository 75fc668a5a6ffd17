"""Links to stored objects."""

from datetime import datetime
from typing import Protocol


class DownloadLinks(Protocol):
    """URLs that authorise themselves for a short time: the storage's own, or tickets that our API honours."""

    def link(self, key: str, *, file_name: str, content_type: str, now: datetime) -> tuple[str, datetime]:
        """Return a URL and when it expires."""
        ...
