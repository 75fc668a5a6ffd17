"""The port ``ImportReports``: lines in the log."""

from typing import final
from urllib.parse import urlsplit

import structlog

from app.domain.video_import import VideoImport

log = structlog.get_logger(__name__)


@final
class LoggedImports:
    """One line each, under the id that will be the processing's."""

    def tell(self, event: str, row: VideoImport, **said: object) -> None:
        log.info(event, **_of(row), **said)

    def broke(self, row: VideoImport, error: Exception) -> None:
        log.error("import broke", **_of(row), exc_info=error)


def _of(row: VideoImport) -> dict[str, object]:
    return {"video": row.id, "attempt": row.attempt, "faults": row.faults, "host": urlsplit(row.url).hostname}
