"""What the server and the application share in one process."""

from dataclasses import dataclass
from typing import Self, final

from app.server.connections import Connections
from app.server.draining import Drain
from app.server.metrics import Metrics
from app.server.uploads import Uploads
from app.settings import Settings


@final
@dataclass(frozen=True, slots=True)
class Serving:
    """Made once, before either of them."""

    settings: Settings
    drain: Drain
    metrics: Metrics
    connections: Connections
    uploads: Uploads

    @classmethod
    def of(cls, settings: Settings, *, files: int, drain: Drain | None = None) -> Self:
        """Make it for a process that may open so many ``files``."""
        metrics = Metrics()
        return cls(
            settings, drain or Drain(), metrics, Connections(settings, metrics, files), Uploads(settings, metrics)
        )
