"""The record of imports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.user import UserId
from app.domain.video import VideoId
from app.domain.video_import import VideoImport


@dataclass(frozen=True, slots=True)
class DueImport:
    """A row whose time has come: it should be on the queue; ``traceparent`` says in whose trace it was asked for."""

    id: VideoId
    owner: UserId
    traceparent: str | None = None


class Imports(Protocol):
    """The table ``imports``: unique by (user, idempotency key) where there is a key. A row outlives its import a while.

    Every change of one is one UPDATE with its old attempt and state in the WHERE.
    """

    async def add(self, new: VideoImport, *, idempotency_key: str | None, request_digest: str) -> None: ...
    async def get(self, found: VideoId) -> VideoImport | None: ...
    async def by_idempotency_key(self, owner: UserId, key: str) -> tuple[VideoImport, str] | None:
        """Return what the key was used for, and the digest of the request that it came with."""

    async def current(self, owner: UserId, ended_since: datetime, limit: int) -> Sequence[VideoImport]:
        """Return the owner's that have not ended or did so since, the newest first."""

    async def unfinished(self, owner: UserId) -> Sequence[VideoImport]:
        """Return all of the owner's that have not ended."""

    async def due(self, now: datetime, limit: int) -> Sequence[DueImport]:
        """Return those that wait and may be tried, and those whose lease ran out, the first one due first."""

    async def change(self, seen: VideoImport, to: VideoImport, *, due_by: datetime | None = None) -> bool:
        """Let it be so from now on, and count its version up; False where attempt or state are no longer as seen.

        With ``due_by`` only where it was due by then.
        """

    async def wake(self, owner: UserId, now: datetime) -> None:
        """Let those of the owner's that wait be due."""

    async def forget(self, *, ended_before: datetime, limit: int) -> None:
        """Remove at most so many that ended before."""
