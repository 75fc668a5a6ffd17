"""The record of uploads under way."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.intake import Intake
from app.domain.user import UserId
from app.domain.video import VideoId


class Intakes(Protocol):
    """The table ``intakes``: unique by (user, idempotency key) where there is a key."""

    async def add(self, intake: Intake) -> None: ...
    async def by_idempotency_key(self, owner: UserId, key: str) -> Intake | None: ...
    async def count(self, owner: UserId, now: datetime) -> int:
        """Count the owner's intakes that have not expired."""
        ...

    async def declared_bytes(self, owner: UserId | None, now: datetime) -> int:
        """Add up what the owner's uploads under way, or all owners', said that they would be at most."""
        ...

    async def of(self, owner: UserId) -> Sequence[Intake]: ...
    async def extend(self, intake: VideoId, to: datetime) -> bool: ...
    async def remove(self, intake: VideoId) -> bool: ...
    async def expired(self, now: datetime, limit: int) -> Sequence[Intake]: ...
    async def known_keys(self, keys: Collection[str]) -> set[str]:
        """Tell which of these object keys an intake names."""
        ...
