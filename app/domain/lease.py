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
    broken_by: tuple[str, ...] = ()
    """The workers in which it broke, by their names: the last two that differ, the latest at the end."""
    paused: bool = False
    """No attempt begins for now, by an operator's word."""
    understood: bool = True
    """Whether this version knows all its options: else a newer one has taken it in, whose workers are to have it."""


def also_broken_by(broken_by: tuple[str, ...], worker: str) -> tuple[str, ...]:
    """Return who broke it once it broke in this worker too; that there were two is all that anybody asks."""
    return (*(one for one in broken_by if one != worker), worker)[-2:]
