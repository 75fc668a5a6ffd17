"""The record of objects that must go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Removal:
    """An object, or all objects under a prefix, that nobody names any more and that must go."""

    id: int
    key: str
    is_prefix: bool
    attempts: int


class Removals(Protocol):
    """The table ``removals``: objects to delete once the transaction that gave them up is safe."""

    async def add(self, *keys: str, is_prefix: bool, at: datetime) -> None: ...
    async def due(self, now: datetime, limit: int) -> Sequence[Removal]: ...
    async def count_due(self, now: datetime) -> int: ...
    async def names(self, keys: Collection[str]) -> set[str]:
        """Return which of these object keys are to go: by name, or as all below a processing's or a user's prefix."""

    async def done(self, removal: int) -> None: ...
    async def postpone(self, removal: int, to: datetime) -> None: ...
