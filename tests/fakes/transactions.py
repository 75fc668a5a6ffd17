"""Transactions whose database can be away, or whose answers get lost, as when a connection breaks during COMMIT."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.usecases.ports.database import DatabaseUnavailable
from app.usecases.ports.transactions import Transaction, Transactions

T = TypeVar("T")


class LostAnswers:
    """Wraps real transactions; ``lose`` says what becomes of the next writing step, unheard either way.

    While ``away`` is set, no step even begins.
    """

    def __init__(self, real: Transactions) -> None:
        self.away = False
        self._real = real
        self._next: str | None = None
        self._stays_away = False

    def lose(self, outcome: str, *, and_stay_away: bool = False) -> None:
        """``committed`` or ``rolled back``."""
        self._next = outcome
        self._stays_away = and_stay_away

    async def read(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        self._reach()
        return await self._real.read(step)

    async def write(self, step: Callable[[Transaction], Awaitable[T]]) -> T:
        self._reach()
        outcome, self._next = self._next, None
        self.away = outcome is not None and self._stays_away
        if outcome == "rolled back":
            raise DatabaseUnavailable
        result = await self._real.write(step)
        if outcome == "committed":
            raise DatabaseUnavailable
        return result

    def _reach(self) -> None:
        if self.away:
            raise DatabaseUnavailable
