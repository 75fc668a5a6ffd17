"""A clock that stands still until a story moves it."""

from datetime import UTC, datetime, timedelta


class SettableClock:
    """Obeys ports.Clock; time passes only by ``advance``."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
