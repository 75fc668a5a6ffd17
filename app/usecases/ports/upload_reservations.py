"""The record of uploads under way."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from app.domain.upload_reservation import UploadReservation
from app.domain.user import UserId
from app.domain.video import VideoId


class UploadReservations(Protocol):
    """The table ``reservations``: unique by (user, idempotency key) where there is a key."""

    async def add(self, reservation: UploadReservation) -> None: ...
    async def get(self, reservation: VideoId) -> UploadReservation | None: ...
    async def by_idempotency_key(self, owner: UserId, key: str) -> UploadReservation | None: ...
    async def count(self, owner: UserId, now: datetime) -> int:
        """Count the owner's reservations that have not expired."""

    async def declared_bytes(self, owner: UserId | None, now: datetime) -> int:
        """Add up what the owner's uploads under way, or all owners', said that they would be at most."""

    async def of(self, owner: UserId) -> Sequence[UploadReservation]: ...
    async def extend(self, reservation: VideoId, to: datetime) -> bool: ...
    async def declare(self, reservation: VideoId, size_bytes: int) -> bool:
        """Let it count with so many bytes, of an upload of which that is known only now."""

    async def remove(self, reservation: VideoId) -> bool: ...
    async def remove_as_seen(self, seen: UploadReservation) -> bool:
        """Remove it unless it was extended since."""

    async def expired(self, now: datetime, limit: int) -> Sequence[UploadReservation]: ...
    async def known_keys(self, keys: Collection[str]) -> set[str]:
        """Return which of these object keys a reservation names."""
