"""The record of what operators did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.audit import AuditEntry
from app.usecases.paging import Slice


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: of this operator, about this video or user, from then on; all where nothing is said."""

    operator: str | None = None
    target_id: str | None = None
    since: datetime | None = None


class AuditLog(Protocol):
    """The table ``audit_log``: nothing changes an entry, and only its age removes one."""

    async def add(self, entry: AuditEntry) -> None: ...
    async def page(self, wanted: AuditFilter, part: Slice) -> Sequence[AuditEntry]:
        """Return the newest first (by created_at, then id)."""

    async def forget(self, *, before: datetime, limit: int) -> None:
        """Delete at most so many that are older."""
