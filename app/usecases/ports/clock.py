"""The time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The database's time, so that all machines agree on when a lease ends."""

    def now(self) -> datetime:
        """Return the time, in UTC, with milliseconds."""
