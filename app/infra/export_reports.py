"""The port ``ExportReports``: lines of the log."""

from typing import final

import structlog

from app.domain.frames_export import FramesExport

log = structlog.get_logger(__name__)


@final
class LoggedExports:
    """See the port."""

    def tell(self, event: str, export: FramesExport, **more: object) -> None:
        log.info(event, export=export.id, video=export.video, kind=export.kind.value, attempt=export.attempt, **more)

    def fault(self, export: FramesExport, error: Exception) -> None:
        log.warning("export fault", export=export.id, video=export.video, faults=export.faults + 1, exc_info=error)
