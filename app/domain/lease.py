"""Who may work on a processing, and until when."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.video import VideoProcessing


@dataclass(frozen=True, slots=True)
class Lease:
    """What a claim has to know of a row: its compare-and-set names every field that can change under it."""

    video: VideoProcessing
    wake_at: datetime
    """Pending: when the sweep looks at it. Processing: when the lease ends, or when a given-back one may be taken."""
    released: bool
    """The last holder gave it back itself, so its end is no lost attempt."""
    lost_attempts: int
    transient_failures: int
    """How often in a row it was given back for a passing fault; the delay grows with it."""
